// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a run that copies: its allocation, its contents, and their check after a copy.
 */
#include <linux/hash.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "copy.h"

#define WORDS_PER_PAGE (PAGE_SIZE / sizeof(u64))

/* Pages written between two looks at the stop flag: a folio can be as large as 1 GiB. */
#define STOP_CHECK_PAGES (SZ_2M / PAGE_SIZE)

static unsigned long all_folios(const struct copy_run *r)
{
	return r->threads * r->nr_folios;
}

static void plan_buffer(struct buffer *b, u64 bytes, unsigned int cpu)
{
	b->nr_chunks = DIV_ROUND_UP_ULL(bytes, CHUNK_SIZE);
	b->nid = near_memory(cpu);
}

static u64 buffer_bytes(const struct buffer *b, int nid)
{
	return b->nid == nid ? (u64)b->nr_chunks * CHUNK_SIZE : 0;
}

int check_memory(struct copy_run *r)
{
	u64 folios = r->src_addr ? 0 : (u64)all_folios(r) << (PAGE_SHIFT + r->order);
	struct bystander *b = &r->bystander;
	int nid, err = 0;

	plan_buffer(&r->evict, r->evict_bytes, r->run.cpu);
	if (b->wanted)
		plan_buffer(&b->buffer, b->bytes, b->cpu);
	for_each_node_state (nid, N_MEMORY) {
		u64 need = buffer_bytes(&r->evict, nid) + buffer_bytes(&b->buffer, nid);

		if (nid == r->src_nid)
			need += folios;
		if (nid == r->dst_nid)
			need += folios;
		err = err ?: check_free(nid, need, "bytes=, threads=, evict= or bystander_bytes=");
	}
	return err;
}

/* The folio of each thread follows that of the thread before it. */
static int pin_folio(const struct copy_run *r, const char *key, u64 addr, int nid, struct folio **pinned)
{
	struct page *page;

	/* Not LONGTERM: it would move the folios out of ZONE_MOVABLE, and so perhaps to another node. */
	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1)
		return fail(-EFAULT, "%s_addr=: this process has no writable memory at %#llx, mmap() it first", key,
			    addr);
	*pinned = page_folio(page);
	if (!folio_test_hugetlb(*pinned) || folio_order(*pinned) != r->order || page != folio_page(*pinned, 0))
		return fail(
			-EINVAL,
			"%s_addr=: no hugetlb folio of order %u begins at %#llx, mmap() with MAP_HUGETLB and %lu KiB",
			key, r->order, addr, (PAGE_SIZE << r->order) / SZ_1K);
	if (folio_nid(*pinned) != nid)
		return fail(-EINVAL, "%s_addr=: the memory at %#llx is of node %d, ask for %s=%d", key, addr,
			    folio_nid(*pinned), key, folio_nid(*pinned));
	return 0;
}

/* Called in the process that writes the request, whose memory is pinned. */
int pin_memory(struct copy_run *r)
{
	u64 size = PAGE_SIZE << r->order;
	unsigned int i;
	int err = 0;

	r->src = kvcalloc(r->threads, sizeof(*r->src), GFP_KERNEL);
	r->dst = kvcalloc(r->threads, sizeof(*r->dst), GFP_KERNEL);
	if (!r->src || !r->dst)
		return fail(-ENOMEM, "no memory for a list of %u folios", r->threads);
	for (i = 0; i < r->threads && !err; i++)
		err = pin_folio(r, "src", r->src_addr + i * size, r->src_nid, &r->src[i])
			      ?: pin_folio(r, "dst", r->dst_addr + i * size, r->dst_nid, &r->dst[i]);
	for (i = 0; i < r->threads * r->threads && !err; i++)
		if (r->src[i / r->threads] == r->dst[i % r->threads])
			err = fail(-EINVAL, "src_addr= and dst_addr= are the same memory");
	return err;
}

void free_folios(struct folio **folios, unsigned long nr, bool pinned)
{
	unsigned long i;

	for (i = 0; folios && i < nr && folios[i]; i++) {
		/* There may be a hundred million folios. */
		if (!(i % 1024))
			cond_resched();
		if (pinned)
			unpin_user_page(folio_page(folios[i], 0));
		else
			folio_put(folios[i]);
	}
	kvfree(folios);
}

void free_memory(struct copy_run *r)
{
	free_folios(r->src, all_folios(r), r->src_addr);
	free_folios(r->dst, all_folios(r), r->src_addr);
	free_folios(r->evict.chunk, r->evict.nr_chunks, false);
	free_folios(r->bystander.buffer.chunk, r->bystander.buffer.nr_chunks, false);
}

/* On failure the caller finds a partly filled array, which free_folios() frees. */
int alloc_folios(struct folio ***folios, unsigned long nr, gfp_t gfp, unsigned int order, int nid)
{
	unsigned long i;

	/* kvcalloc() warns about sizes above INT_MAX. */
	if (nr <= INT_MAX / sizeof(**folios))
		*folios = kvcalloc(nr, sizeof(**folios), GFP_KERNEL);
	if (!*folios)
		return fail(-ENOMEM, "no memory for a list of %lu folios", nr);

	for (i = 0; i < nr; i++) {
		if (stopping())
			return -EINTR;
		(*folios)[i] = __folio_alloc_node(gfp, order, nid);
		if (!(*folios)[i])
			return fail(-ENOMEM, "node %d: no free folio of order %u, compact its memory", nid, order);
	}
	return 0;
}

/*
 * The buffer is zeroed, because a hypervisor may back memory that was never written with one shared
 * page: reads of such memory evict nothing.
 */
static int alloc_buffer(struct buffer *b)
{
	if (!b->nr_chunks)
		return 0;
	return alloc_folios(&b->chunk, b->nr_chunks, BENCH_GFP | __GFP_ZERO, CHUNK_ORDER, b->nid);
}

int alloc_memory(struct copy_run *r)
{
	unsigned int i;
	int err = 0;

	if (!r->src_addr)
		err = alloc_folios(&r->src, all_folios(r), BENCH_GFP, r->order, r->src_nid)
			      ?: alloc_folios(&r->dst, all_folios(r), BENCH_GFP, r->order, r->dst_nid);
	err = err ?: alloc_buffer(&r->evict) ?: alloc_buffer(&r->bystander.buffer);
	if (err)
		return err;

	for (i = 0; i < r->threads; i++) {
		r->copiers[i].src = r->src + i * r->nr_folios;
		r->copiers[i].dst = r->dst + i * r->nr_folios;
	}
	return 0;
}

/*
 * Contents
 *
 * All words of a run's source folios differ, so the check finds a misplaced page as well as a wrong
 * byte. The destination is filled with the complement before each copy: every byte is wrong until it
 * is copied, so the check finds a skipped page even after an earlier copy that was right.
 */
static u64 pattern(const struct copy_run *r, unsigned long page, unsigned int word)
{
	u64 x = (r->seed + (u64)page * WORDS_PER_PAGE + word) * GOLDEN_RATIO_64;

	return x ^ (x >> 32);
}

static int fill_folio(const struct copy_run *r, struct folio *folio, unsigned long n, u64 flip)
{
	long i, nr = folio_nr_pages(folio);
	unsigned int w;
	u64 *p;

	for (i = 0; i < nr; i++) {
		if (!(i % STOP_CHECK_PAGES) && stopping())
			return -EINTR;
		p = kmap_local_page(folio_page(folio, i));
		for (w = 0; w < WORDS_PER_PAGE; w++)
			p[w] = pattern(r, n * nr + i, w) ^ flip;
		kunmap_local(p);
	}
	return 0;
}

static int mismatch(const char *name, const char *side, unsigned long n, long page, unsigned int word, u64 want,
		    u64 found)
{
	const u8 *w = (const u8 *)&want, *f = (const u8 *)&found;
	unsigned int b = 0;

	while (w[b] == f[b])
		b++;
	return fail(-EIO, "variant=%s: %s folio %lu, page %ld, byte %zu: expected 0x%02x, found 0x%02x%s", name, side,
		    n, page, word * sizeof(u64) + b, w[b], f[b], found == ~want ? " (never written)" : "");
}

static int check_folio(const struct copy_run *r, struct folio *folio, unsigned long n, const char *name,
		       const char *side)
{
	long i, nr = folio_nr_pages(folio);
	unsigned int w;
	int err = 0;
	u64 *p;

	for (i = 0; i < nr && !err; i++) {
		if (!(i % STOP_CHECK_PAGES) && stopping())
			return -EINTR;
		p = kmap_local_page(folio_page(folio, i));
		for (w = 0; w < WORDS_PER_PAGE; w++) {
			/* Read once: the requester can change its own memory meanwhile. */
			u64 want = pattern(r, n * nr + i, w), found = READ_ONCE(p[w]);

			if (found != want) {
				err = mismatch(name, side, n, i, w, want, found);
				break;
			}
		}
		kunmap_local(p);
	}
	return err;
}

int fill_sources(const struct copy_run *r)
{
	unsigned long n;
	int err = 0;

	for (n = 0; n < all_folios(r) && !err; n++)
		err = fill_folio(r, r->src[n], n, 0);
	return err;
}

static int verify_copy(const struct copy_run *r, const struct variant *v, unsigned long n)
{
	int err = fill_folio(r, r->dst[n], n, ~0ULL);

	if (err)
		return err;
	err = v->copy(r->dst[n], r->src[n]);
	if (err)
		return copy_failed(v, err);
	return check_folio(r, r->dst[n], n, v->name, "destination") ?: check_folio(r, r->src[n], n, v->name, "source");
}

/* Check @v with the folios of all threads. */
int verify_variant(const struct copy_run *r, const struct variant *v)
{
	unsigned long n;
	int err = 0;

	for (n = 0; n < all_folios(r) && !err; n++)
		err = verify_copy(r, v, n);
	return err;
}
