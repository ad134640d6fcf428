// SPDX-License-Identifier: GPL-2.0
/*
 * folio_copy_bench: times the functions that copy folios (copy.c), those that make and take down
 * memory maps of device memory (memremap.c), and the stores that fill a memory map (fill.c).
 *
 * Loading the module starts no work. Its interface is /sys/kernel/debug/folio_copy_bench/:
 *
 *	help		the request syntax and the limits of this machine
 *	variants	the functions that can be measured
 *	run		write: one request; read: the progress, or why the last request failed
 *	results		the samples of the last run, once completed and verified
 *
 * Lifetime: a write to "run" returns when the run is over. A run thus has exactly one owner: a signal
 * to the writer ends the run, and all memory is freed before the write returns.
 *
 * A blocked writer does not keep the module loaded: debugfs files with short fops take no module
 * reference, and debugfs_remove() calls the debugfs_cancellation of each operation in flight, then
 * waits for the operation. rmmod thus cancels the run and waits until the writer has left this module.
 * Kernels before 6.13 refuse rmmod during a run instead (compat.h).
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/uaccess.h>
#include <linux/vmstat.h>

#include "bench.h"
#include "compat.h"

#define MAX_REQUEST 512

static struct dentry *bench_dir;

/* Held as long as a run lasts. */
static DEFINE_MUTEX(run_lock);

/*
 * Protects @status, the line that "run" shows and all threads of a run write, and @has_failed: after one
 * thread has failed, the others go on for a moment and must not replace the reason by their progress.
 */
static DEFINE_MUTEX(text_lock);
static char status[256] = "idle: nothing has run since the module was loaded";
static bool has_failed;

/* Separate from text_lock: a reader of "results" may fault on its own memory while it holds the lock. */
static DEFINE_MUTEX(results_lock);
static struct seq_buf results;

static void set_status(const char *fmt, ...)
{
	va_list args;

	guard(mutex)(&text_lock);
	va_start(args, fmt);
	vscnprintf(status, sizeof(status), fmt, args);
	va_end(args);
}

void show_progress(const char *fmt, ...)
{
	va_list args;

	guard(mutex)(&text_lock);
	if (has_failed)
		return;
	strscpy(status, "running: ");
	va_start(args, fmt);
	vscnprintf(status + strlen(status), sizeof(status) - strlen(status), fmt, args);
	va_end(args);
}

/* Put the reason into "run" for the requester and return @err. */
int fail(int err, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	guard(mutex)(&text_lock);
	va_start(args, fmt);
	vaf.va = &args;
	scnprintf(status, sizeof(status), "failed: %pV", &vaf);
	va_end(args);
	has_failed = true;
	return err;
}

bool stopping(void)
{
	cond_resched();
	return kthread_should_stop();
}

/* A thread that was bound to @cpu runs on another CPU once @cpu is offline. */
int check_cpu(unsigned int cpu)
{
	if (raw_smp_processor_id() != cpu)
		return fail(-ENODEV, "cpu %u went offline during the run", cpu);
	return 0;
}

int start_round(const struct run *run, unsigned int round)
{
	show_progress("%s, round %u of %u", run->what, round + 1, nr_rounds(run));
	return check_cpu(run->cpu);
}

/* 256 bytes for each sample line, 8 for each CPU that the run lists, 2 KiB for the other lines. */
int alloc_text(struct run *run, size_t lines, unsigned int cpus)
{
	size_t len = SZ_2K + cpus * 8 + lines * 256;
	char *text = kvmalloc(len, GFP_KERNEL);

	seq_buf_init(&run->text, text, len);
	if (!text)
		return fail(-ENOMEM, "no memory for %u samples", run->samples);
	return 0;
}

void shuffle(u8 *turn, unsigned int nr, struct rnd_state *rnd)
{
	unsigned int i, j;

	for (i = 0; i < nr; i++)
		turn[i] = i;
	for (i = nr - 1; i > 0; i--) {
		j = prandom_u32_state(rnd) % (i + 1);
		swap(turn[i], turn[j]);
	}
}

static u64 node_free(int nid)
{
	struct zone *zones = NODE_DATA(nid)->node_zones;
	u64 pages = 0;
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		if (populated_zone(&zones[i]))
			pages += zone_page_state(&zones[i], NR_FREE_PAGES);
	return pages << PAGE_SHIFT;
}

/* The node of the CPU, or the nearest one that has memory. */
int near_memory(unsigned int cpu)
{
	int nid = cpu_to_mem(cpu);

	return node_state(nid, N_MEMORY) ? nid : numa_nearest_node(nid, N_MEMORY);
}

/* @keys: the keys to lower in the next request. */
int check_free(int nid, u64 need, const char *keys)
{
	u64 allowed = node_free(nid) / MEMORY_FRACTION;

	if (need <= allowed)
		return 0;
	if (allowed < PAGE_SIZE)
		return fail(-ENOMEM, "node %d has no free memory: it is full, or goes offline", nid);
	return fail(-ENOMEM, "node %d: %llu KiB needed, %llu KiB (free / %d) allowed: lower %s", nid, need / SZ_1K,
		    allowed / SZ_1K, MEMORY_FRACTION, keys);
}

/* The caller has to end the thread with kthread_stop_put(). */
struct task_struct *run_on_cpu(int (*fn)(void *arg), void *arg, unsigned int cpu)
{
	struct task_struct *task;

	task = kthread_create_on_node(fn, arg, cpu_to_mem(cpu), "folio_copy_bench");
	if (IS_ERR(task)) {
		fail(PTR_ERR(task), "a thread could not be started on cpu %u: %pe", cpu, task);
		return NULL;
	}
	kthread_bind(task, cpu);
	get_task_struct(task);
	wake_up_process(task);
	return task;
}

static int run_thread(void *arg)
{
	struct run *r = arg;
	int err;

	err = r->type->measure(r);
	complete(&r->done);
	return err;
}

static void cancel_run(struct dentry *dentry, void *arg)
{
	struct run *r = arg;

	r->unloading = true;
	complete(&r->done);
}

/*
 * Returns -EINTR rather than -ERESTARTSYS after a signal: an interrupted run must not start from the
 * beginning again because the signal's handler has SA_RESTART.
 */
static int execute(struct run *r, struct file *file)
{
	struct debugfs_cancellation cancel = { .cancel = cancel_run, .cancel_data = r };
	struct task_struct *task;
	int err;

	init_completion(&r->done);
	task = run_on_cpu(run_thread, r, r->cpu);
	if (!task)
		return -ENOMEM;

	debugfs_enter_cancellation(file, &cancel);
	wait_for_completion_interruptible(&r->done);
	debugfs_leave_cancellation(file, &cancel);

	/* The result of the thread tells whether the run was completed, interrupted or cancelled. */
	err = kthread_stop_put(task);
	if (err != -EINTR)
		return err;
	set_status("stopped: by a signal to the process that wrote the request");
	return r->unloading ? -ECANCELED : -EINTR;
}

/* Requests */

int set_number(const char *key, const char *val, unsigned int lo, unsigned int hi, unsigned int *res)
{
	if (kstrtouint(val, 10, res) || *res < lo || *res > hi)
		return fail(-EINVAL, "%s=%.32s: a number from %u to %u is allowed", key, val, lo, hi);
	return 0;
}

int set_size(const char *key, char *val, u64 lo, u64 *res)
{
	size_t len = strlen(val);
	unsigned int shift = 0;

	if (len) {
		const char *unit = "KMG", *u = strchr(unit, val[len - 1]);

		if (u) {
			shift = 10 * (u - unit + 1);
			val[len - 1] = '\0';
		}
	}
	if (kstrtoull(val, 10, res) || *res > MAX_BYTES >> shift || *res << shift < lo)
		return fail(-EINVAL, "%s=: %llu to %llu bytes are allowed, K, M and G are units", key, lo,
			    (u64)MAX_BYTES);
	*res <<= shift;
	return 0;
}

int set_node(const char *key, const char *val, int *nid)
{
	unsigned int n;

	if (kstrtouint(val, 10, &n) || n >= MAX_NUMNODES || !node_state(n, N_MEMORY))
		return fail(-EINVAL, "%s=%.32s: a node with memory is allowed, that is %*pbl", key, val,
			    nodemask_pr_args(&node_states[N_MEMORY]));
	*nid = n;
	return 0;
}

int set_cpu(const char *key, const char *val, unsigned int *cpu)
{
	if (kstrtouint(val, 10, cpu) || *cpu >= nr_cpu_ids || !cpu_online(*cpu))
		return fail(-EINVAL, "%s=%.32s: an online cpu is allowed, that is %*pbl", key, val,
			    cpumask_pr_args(cpu_online_mask));
	return 0;
}

int set_seed(const char *val, u64 *seed)
{
	if (kstrtoull(val, 10, seed))
		return fail(-EINVAL, "seed=%.32s: a number below 2^64 is allowed", val);
	return 0;
}

static int set_word(struct run *r, char *word)
{
	char *val = word, *key = strsep(&val, "=");
	int err;

	if (!val)
		return fail(-EINVAL, "'%.32s': key=value is allowed, see the file help", key);
	if (!strcmp(key, "cpu"))
		return set_cpu(key, val, &r->cpu);
	if (!strcmp(key, "samples"))
		return set_number(key, val, 1, MAX_SAMPLES, &r->samples);
	err = r->type->set_word(r, key, val);
	if (err == UNKNOWN_KEY)
		return fail(-EINVAL, "%.32s=: allowed are %s", key, r->type->keys);
	return err;
}

static int set_words(struct run *r, char *line)
{
	char *word;
	int err;

	while ((word = strsep(&line, " \t"))) {
		if (!*word)
			continue;
		err = set_word(r, word);
		if (err)
			return err;
	}
	return r->type->complete(r);
}

static void free_run(struct run *r)
{
	r->type->release(r);
	kvfree(r->text.buffer);
	kfree(r);
}

static struct run *new_run(const struct run_type *type)
{
	struct run *r = kzalloc(type->size, GFP_KERNEL);

	if (!r)
		return ERR_PTR(-ENOMEM);
	r->type = type;
	r->cpu = raw_smp_processor_id();
	r->warmup = 1;
	type->defaults(r);
	return r;
}

static const struct run_type *type_of_request(const char *line)
{
	if (IS_ENABLED(CONFIG_ZONE_DEVICE) && strstarts(line, "memmap="))
		return &memmap_run_type;
	if (IS_ENABLED(CONFIG_X86_64) && strstarts(line, "fill="))
		return &fill_run_type;
	return &copy_run_type;
}

static struct run *parse_request(char *line, size_t len)
{
	struct run *r;
	int err;

	if (strlen(line) != len)
		return ERR_PTR(fail(-EINVAL, "the request has a zero byte in it, see the file help"));
	line = strim(line);
	if (!*line || strchr(line, '\n'))
		return ERR_PTR(fail(-EINVAL, "exactly one line of key=value words is allowed, see the file help"));

	if (strstarts(line, "fill=") && !IS_ENABLED(CONFIG_X86_64))
		return ERR_PTR(fail(-EOPNOTSUPP, "fill=: the stores of v7.3 are known on x86-64 only"));
	if (strstarts(line, "memmap=") && !IS_ENABLED(CONFIG_ZONE_DEVICE))
		return ERR_PTR(fail(-EOPNOTSUPP, "memmap=: this kernel has no ZONE_DEVICE: set CONFIG_ZONE_DEVICE=y"));

	r = new_run(type_of_request(line));
	if (IS_ERR(r))
		return r;
	err = set_words(r, line);
	if (!err)
		return r;
	free_run(r);
	return ERR_PTR(err);
}

static struct run *read_request(const char __user *ubuf, size_t len)
{
	struct run *r;
	char *line;

	if (len > MAX_REQUEST)
		return ERR_PTR(fail(-EINVAL, "a request of at most %d bytes is allowed", MAX_REQUEST));
	line = memdup_user_nul(ubuf, len);
	if (IS_ERR(line))
		return ERR_CAST(line);
	r = parse_request(line, len);
	kfree(line);
	return r;
}

/* "results" gets the contents of @text. @text gets the old contents, which the caller has to free. */
static void swap_results(struct seq_buf *text)
{
	guard(mutex)(&results_lock);
	swap(results, *text);
}

static int do_run(struct run *r, struct file *file)
{
	struct seq_buf none = {};
	int err;

	/* After a failed run, "results" must not show those of the run before it. */
	swap_results(&none);
	kvfree(none.buffer);
	has_failed = false;

	err = execute(r, file);
	if (err)
		return err;
	swap_results(&r->text);
	set_status("done: %s, %u samples, verified", r->what, r->samples);
	return 0;
}

/* The files */

static ssize_t run_write(struct file *file, const char __user *ubuf, size_t len, loff_t *ppos)
{
	struct run *r;
	int err;

	/* No fail() here: the state line belongs to the run in progress. */
	if (!mutex_trylock(&run_lock))
		return -EBUSY;

	r = read_request(ubuf, len);
	err = PTR_ERR_OR_ZERO(r);
	if (!err) {
		err = do_run(r, file);
		free_run(r);
	}
	mutex_unlock(&run_lock);
	return err ?: len;
}

static void print_status(struct seq_buf *s)
{
	guard(mutex)(&text_lock);
	seq_buf_printf(s, "%s\n", status);
}

static const char help_head[] =
	"Write one line of key=value words to the file run. The write returns when the\n"
	"run is over; a signal ends it early. Then read the file results; after a failed\n"
	"write, read the file run for the reason.\n"
	"  cpu=N        the CPU of the run (default: the one that writes the request)\n"
	"  samples=N    1 to %d; a warm-up round comes before them, marked first=1\n";

static const char help_tail[] =
	"Sizes take K, M or G. A run may use 1/%d of the memory that is free on a node.\n"
	"limits order=0-%d nodes=%*pbl cpus=%*pbl hugetlb_order=0-%d\n";

static void print_help(struct seq_buf *s)
{
	int nid;

	seq_buf_printf(s, help_head, MAX_SAMPLES);
	print_copy_help(s);
	if (IS_ENABLED(CONFIG_ZONE_DEVICE))
		print_memmap_help(s);
	if (IS_ENABLED(CONFIG_X86_64))
		print_fill_help(s);
	seq_buf_printf(s, help_tail, MEMORY_FRACTION, MAX_PAGE_ORDER, nodemask_pr_args(&node_states[N_MEMORY]),
		       cpumask_pr_args(cpu_online_mask), PUD_ORDER);
	for_each_node_state (nid, N_MEMORY) {
		u64 mib = node_free(nid) / SZ_1M;

		seq_buf_printf(s, "node %d cpus=%*pbl free=%lluM usable=%lluM\n", nid,
			       cpumask_pr_args(cpumask_of_node(nid)), mib, mib / MEMORY_FRACTION);
	}
}

static ssize_t read_text(char __user *ubuf, size_t len, loff_t *ppos, void (*print)(struct seq_buf *))
{
	struct seq_buf s;
	ssize_t ret;
	char *text;

	text = kmalloc(SZ_16K, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	seq_buf_init(&s, text, SZ_16K);
	print(&s);
	ret = simple_read_from_buffer(ubuf, len, ppos, text, seq_buf_used(&s));
	kfree(text);
	return ret;
}

static ssize_t run_read(struct file *file, char __user *ubuf, size_t len, loff_t *ppos)
{
	return read_text(ubuf, len, ppos, print_status);
}

static ssize_t variants_read(struct file *file, char __user *ubuf, size_t len, loff_t *ppos)
{
	return read_text(ubuf, len, ppos, print_variants);
}

static ssize_t help_read(struct file *file, char __user *ubuf, size_t len, loff_t *ppos)
{
	return read_text(ubuf, len, ppos, print_help);
}

static ssize_t results_read(struct file *file, char __user *ubuf, size_t len, loff_t *ppos)
{
	guard(mutex)(&results_lock);
	return simple_read_from_buffer(ubuf, len, ppos, results.buffer, seq_buf_used(&results));
}

static const struct debugfs_short_fops run_fops = {
	DEBUGFS_OWNER.read = run_read,
	.write = run_write,
};

static const struct debugfs_short_fops variants_fops = { DEBUGFS_OWNER.read = variants_read };
static const struct debugfs_short_fops help_fops = { DEBUGFS_OWNER.read = help_read };
static const struct debugfs_short_fops results_fops = { DEBUGFS_OWNER.read = results_read };

static int __init bench_init(void)
{
	bench_dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	if (IS_ERR(bench_dir)) {
		pr_err("no debugfs, no benchmark: needs CONFIG_DEBUG_FS=y and no debugfs=off\n");
		return PTR_ERR(bench_dir);
	}
	debugfs_create_file("help", 0444, bench_dir, NULL, &help_fops);
	debugfs_create_file("variants", 0444, bench_dir, NULL, &variants_fops);
	debugfs_create_file("run", 0600, bench_dir, NULL, &run_fops);
	debugfs_create_file("results", 0400, bench_dir, NULL, &results_fops);
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove(bench_dir);
	kvfree(results.buffer);
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("Benchmark of folio_copy(), folio_mc_copy() and memremap_pages()");
MODULE_LICENSE("GPL");
