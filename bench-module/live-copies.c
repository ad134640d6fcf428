// SPDX-License-Identifier: GPL-2.0
/*
 * folio_copy(), folio_mc_copy() and copy_user_large_folio() as the series has them. Kbuild takes them from the patches,
 * and all that they call from include/linux/copy_pages.h of the series.
 *
 * copy_mc_pages() is the module's own, because the kernel's recovering copies are not exported. It makes the choice
 * of the series where a module can see on what the choice depends. Where it cannot, the last two stay as they are.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/alternative.h>
#include <asm/cpufeature.h>
#include <asm/mce.h>
#include <asm/msr.h>
#include <asm/processor.h>

#include "compat.h"
#include "copy_mc.h"
#include "live.h"

void __copy_pages_unrolled(void *to, const void *from);

/* Copies past the caches survive machine checks in their loads. */
static bool loads_recover;

#define copy_pages copy_pages
#include "copy_pages.inc"

/* A function of its own, as in the series, so that the lab can tell who met the poison. */
#define copy_mc_pages live_copy_mc_pages
static noinline unsigned long __must_check copy_mc_pages(void *to, const void *from, unsigned int npages)
{
	if (boot_cpu_has(X86_FEATURE_ERMS))
		return mc_movsb(to, from, npages * PAGE_SIZE);
	if (boot_cpu_has(X86_FEATURE_SUCCOR))
		return mc_movsq(to, from, npages * PAGE_SIZE);
	copy_pages(to, from, npages);
	return 0;
}

/* mce_recovers_kernel_reads() of the series */
static bool recovers_kernel_reads(void)
{
	u32 capabilities, unused;

	if (boot_cpu_data.x86_vendor == X86_VENDOR_AMD || boot_cpu_data.x86_vendor == X86_VENDOR_HYGON)
		return boot_cpu_has(X86_FEATURE_SUCCOR);
	return boot_cpu_has(X86_FEATURE_MCA) && !rdmsr_safe(MSR_IA32_MCG_CAP, &capabilities, &unused) &&
	       capabilities & MCG_SER_P && IS_ENABLED(CONFIG_MEMORY_FAILURE);
}

#define copy_mc_pages_nontemporal live_copy_mc_pages_nontemporal
static noinline unsigned long __must_check copy_mc_pages_nontemporal(void *to, const void *from, unsigned int npages)
{
	if (!loads_recover)
		return copy_mc_pages(to, from, npages);
	return copy_mc_nontemporal(to, from, npages * PAGE_SIZE);
}

#include "copy_pages.h"

/* The series asks the kernel for its memory tiers, which it does not tell a module. */
static bool is_demotion(struct folio *dst, struct folio *src);

#define folio_copy    series_folio_copy
#define folio_mc_copy series_folio_mc_copy
#include "folio_copies.inc"
#undef folio_copy
#undef folio_mc_copy

static bool is_demotion(struct folio *dst, struct folio *src)
{
	bool nontemporal = folio_size(src) >= NONTEMPORAL_MIN && goes_to_slower_tier(dst, src);

	count_mc_copy(src, nontemporal);
	return nontemporal;
}

#define copy_user_large_folio series_copy_user_large_folio
#include "user_copies.inc"
#undef copy_user_large_folio

const char *mc_by_page;

/*
 * The kernel's tests for CPUs that recover in the careful loop only (arch/x86/kernel/quirks.c): the PCI devices in
 * which Xeons show their RAS capabilities.
 */
static bool is_fragile(struct pci_dev *device)
{
	u32 capid0 = 0, capid5 = 0;

	if (pci_read_config_dword(device, 0x84, &capid0))
		return true;
	if (device->device != 0x2083)
		return capid0 & 0x10;
	return pci_read_config_dword(device, 0x98, &capid5) || (capid0 & 0xc0) == 0xc0 || (capid5 & 0x1e0);
}

static bool is_in_fragile_set(void)
{
	static const u16 ids[] = { 0x0ec3, 0x2fc0, 0x6fc0, 0x2083 };
	struct pci_dev *device = NULL;
	int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		while ((device = pci_get_device(PCI_VENDOR_ID_INTEL, ids[i], device))) {
			if (is_fragile(device)) {
				pci_dev_put(device);
				return true;
			}
		}
	}
	return false;
}

/* mce=recovery puts every CPU into the fragile set. A module sees the command line only as a file. */
static bool may_have_parameter(const char *parameter)
{
	struct file *file = filp_open("/proc/cmdline", O_RDONLY, 0);
	const size_t size = SZ_16K;
	char *text = kmalloc(size, GFP_KERNEL);
	bool may = true;
	loff_t pos = 0;
	ssize_t n;

	if (!IS_ERR(file) && text) {
		n = kernel_read(file, text, size - 1, &pos);
		/* A longer command line is not read to its end. */
		if (n > 0 && n < size - 1) {
			text[n] = '\0';
			may = strstr(text, parameter);
		}
	}
	if (!IS_ERR(file))
		filp_close(file, NULL);
	kfree(text);
	return may;
}

void choose_copies(void)
{
	loads_recover = recovers_kernel_reads();
	if (is_in_fragile_set())
		mc_by_page = "the CPU recovers in the careful loop only (PCI devices)";
	else if (may_have_parameter("mce=recovery"))
		mc_by_page = "the CPU recovers in the careful loop only (mce=recovery)";
	else if (!boot_cpu_has(X86_FEATURE_ERMS) && !boot_cpu_has(X86_FEATURE_REP_GOOD))
		mc_by_page = "the CPU has neither erms nor rep_good, and a module cannot call the careful loop";
}

static const char *instruction(void)
{
	if (boot_cpu_has(X86_FEATURE_ERMS))
		return "rep movsb";
	return boot_cpu_has(X86_FEATURE_REP_GOOD) ? "rep movsq" : "unrolled loop";
}

static void print_mc_copy(struct seq_buf *s, const char *function)
{
	bool recovers = boot_cpu_has(X86_FEATURE_ERMS) || boot_cpu_has(X86_FEATURE_SUCCOR);

	if (mc_by_page)
		seq_buf_printf(s, "%s: page by page: %s\n", function, mc_by_page);
	else
		seq_buf_printf(s, "%s: %s%s\n", function, instruction(), recovers ? ", recovering" : "");
}

void print_copies(struct seq_buf *s)
{
	seq_buf_printf(s, "folio_copy: %s\n", instruction());
	print_mc_copy(s, "folio_mc_copy");
	if (!mc_by_page)
		seq_buf_printf(s, "folio_mc_copy, nontemporal: %s\n",
			       loads_recover ? "movnti, recovering" : "as without: loads do not recover on this CPU");
	print_mc_copy(s, "copy_user_large_folio");
}
