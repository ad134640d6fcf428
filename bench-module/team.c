// SPDX-License-Identifier: GPL-2.0
/*
 * The threads of a run that copies. Each thread has a CPU and folios of its own. All go through the
 * same rounds in the same order, which they derive from the same seed. The threads meet before every
 * sample; its time runs from this meeting to the last copy of the last thread. A thread that is done
 * earlier copies on, unmeasured, so that every measured copy has all threads copying.
 *
 * The bystander does not copy. It walks through its buffer all the time, as fast as it can.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/prandom.h>
#include <linux/topology.h>

#include "copy.h"

bool copier_stops(const struct copier *c)
{
	return stopping() || READ_ONCE(c->r->stopped);
}

static bool is_first(const struct copier *c)
{
	return c == c->r->copiers;
}

/* The last thread to arrive takes the start time and releases all of them. */
int meet(struct copier *c)
{
	unsigned int meeting = ++c->nr_meetings;
	struct copy_run *r = c->r;

	if (atomic_inc_return(&r->nr_met) == meeting * r->threads) {
		r->start_walked = READ_ONCE(r->bystander.walked);
		r->start = ktime_get_ns();
		/* Publish the two values above with the release. */
		smp_store_release(&r->nr_started, meeting);
		return 0;
	}
	/* The acquire also orders this thread behind everything that the others did before they arrived. */
	while (smp_load_acquire(&r->nr_started) != meeting) {
		if (copier_stops(c))
			return -EINTR;
		cpu_relax();
	}
	return 0;
}

/* Cool down: copy on until all threads have finished the sample. */
int finish_together(struct copier *c, int (*copy)(struct folio *dst, struct folio *src))
{
	unsigned int all = ++c->nr_finished * c->r->threads;
	struct copy_run *r = c->r;
	unsigned long n = 0;
	int err;

	atomic_inc_return(&r->nr_finished);
	while (atomic_read_acquire(&r->nr_finished) != all) {
		err = copy(c->dst[n], c->src[n]);
		if (err)
			return err;
		if (r->read)
			read_folio(c->dst[n]);
		if (copier_stops(c))
			return -EINTR;
		n = (n + 1) % r->nr_folios;
	}
	return 0;
}

/* The bystander */

static int bystander_thread(void *arg)
{
	struct bystander *b = arg;
	unsigned long n = 0;

	while (!stopping()) {
		if (raw_smp_processor_id() != b->cpu)
			WRITE_ONCE(b->strayed, true);
		read_folio(b->buffer.chunk[n]);
		WRITE_ONCE(b->walked, b->walked + 1);
		n = (n + 1) % b->buffer.nr_chunks;
	}
	return 0;
}

/* The time of one walk through the whole buffer; 0 if the bystander read no chunk in that time. */
static u64 walk_ns(const struct bystander *b, unsigned long start_walked, u64 start)
{
	unsigned long walked = READ_ONCE(b->walked) - start_walked;
	u64 ns = ktime_get_ns() - start;

	return walked ? div64_ul(ns * b->buffer.nr_chunks, walked) : 0;
}

static int await_walk(const struct copier *c, u64 *ns)
{
	const struct bystander *b = &c->r->bystander;
	unsigned long start_walked = READ_ONCE(b->walked);
	u64 start = ktime_get_ns();

	while (READ_ONCE(b->walked) - start_walked < b->buffer.nr_chunks) {
		if (copier_stops(c))
			return -EINTR;
		cpu_relax();
	}
	*ns = walk_ns(b, start_walked, start);
	return 0;
}

/* The first walk, whose time is dropped, brings the buffer back into the cache. */
static int time_bystander(const struct copier *c, u64 *ns)
{
	const struct bystander *b = &c->r->bystander;

	*ns = 0;
	if (!b->wanted)
		return 0;
	if (!cpu_online(b->cpu))
		return fail(-ENODEV, "cpu %u went offline during the run", b->cpu);
	return await_walk(c, ns) ?: await_walk(c, ns);
}

/* Rounds */

static int evict_caches(const struct copier *c)
{
	const struct buffer *evict = &c->r->evict;
	unsigned long n;

	for (n = 0; n < evict->nr_chunks; n++) {
		read_folio(evict->chunk[n]);
		if (copier_stops(c))
			return -EINTR;
	}
	return 0;
}

int copy_failed(const struct variant *v, int err)
{
	if (err == -EINTR)
		return err;
	return fail(err, "variant=%s: a source page is poisoned, see the kernel log", v->name);
}

/* All threads have finished the sample, and none starts the next one before this thread joins. */
static void note_sample(const struct copy_run *r, struct sample *s)
{
	u64 end = 0;
	unsigned int i;

	for (i = 0; i < r->threads; i++)
		end = max(end, r->copiers[i].end);
	s->copies = end - r->start;
	s->first = r->copiers[0].first - r->start;
	if (r->bystander.wanted)
		s->bystander = walk_ns(&r->bystander, r->start_walked, r->start);
}

static int measure_sample(struct copier *c, const struct variant *v, struct sample *s)
{
	u64 unused;
	int err;

	err = evict_caches(c);
	/*
	 * The evictions of all threads also hit the bystander's buffer, which has to be cached even for
	 * cold copies. So wait for all evictions, then until the bystander has walked its buffer once.
	 */
	if (!err && c->r->bystander.wanted && c->r->cold)
		err = meet(c);
	if (!err && is_first(c) && c->r->bystander.wanted && c->r->cold)
		err = await_walk(c, &unused);
	if (err)
		return err;
	err = v->sample(c);
	if (err)
		return copy_failed(v, err);
	if (is_first(c))
		note_sample(c->r, s);
	return 0;
}

/* Measure every variant once, in a new order each round, so that drift hits all variants alike. */
static int measure_round(struct copier *c, unsigned int round, struct rnd_state *rnd)
{
	struct copy_run *r = c->r;
	u8 turn[MAX_SLOTS];
	unsigned int i;
	u64 alone = 0;
	int err;

	if (is_first(c))
		err = start_round(&r->run, round) ?: time_bystander(c, &alone);
	else
		err = check_cpu(c->cpu);
	err = err ?: meet(c);
	if (err)
		return err;

	shuffle(turn, r->nr_slots, rnd);
	for (i = 0; i < r->nr_slots; i++) {
		struct sample *s = &r->samples[round * r->nr_slots + turn[i]];

		err = measure_sample(c, r->slot[turn[i]], s);
		if (err)
			return err;
		if (is_first(c))
			s->alone = alone;
	}
	/* A thread whose CPU goes offline continues on another CPU. */
	if (is_first(c) && READ_ONCE(r->bystander.strayed))
		return fail(-ENODEV, "cpu %u went offline during the run", r->bystander.cpu);
	return check_cpu(c->cpu);
}

static int copier_thread(void *arg)
{
	struct copier *c = arg;
	struct copy_run *r = c->r;
	struct rnd_state rnd;
	unsigned int i;
	int err = 0;

	prandom_seed_state(&rnd, r->seed);
	for (i = 0; i < nr_rounds(&r->run) && !err; i++)
		err = measure_round(c, i, &rnd);
	/* The first thread that fails ends all threads, and its error is that of the run. */
	return cmpxchg(&r->stopped, 0, err) ?: err;
}

/* Choose the CPUs of the copiers. The first copier has that of the run. */
int choose_cpus(struct copy_run *r)
{
	const struct cpumask *near = cpumask_of_node(cpu_to_node(r->run.cpu));
	const struct bystander *b = &r->bystander;
	unsigned int cpu, far, nr = 1;

	r->copiers[0].cpu = r->run.cpu;
	/* First the CPUs of the same node, then all others. */
	for (far = 0; far < 2; far++) {
		for_each_online_cpu (cpu) {
			if (nr == r->threads)
				return 0;
			if (cpu == r->run.cpu || (b->wanted && cpu == b->cpu))
				continue;
			if (far != cpumask_test_cpu(cpu, near))
				r->copiers[nr++].cpu = cpu;
		}
	}
	if (nr == r->threads)
		return 0;
	return fail(-EINVAL, "threads=%u: only %u CPUs are online%s: lower threads=", r->threads, nr,
		    b->wanted ? " besides that of the bystander" : "");
}

static int start_team(struct copy_run *r)
{
	struct bystander *b = &r->bystander;
	unsigned int i;

	if (b->wanted) {
		b->task = run_on_cpu(bystander_thread, b, b->cpu);
		if (!b->task)
			return -ENOMEM;
	}
	for (i = 1; i < r->threads; i++) {
		struct copier *c = &r->copiers[i];

		c->task = run_on_cpu(copier_thread, c, c->cpu);
		if (!c->task)
			return -ENOMEM;
	}
	return 0;
}

static void stop_team(struct copy_run *r)
{
	unsigned int i;

	for (i = 1; i < r->threads; i++)
		if (r->copiers[i].task)
			kthread_stop_put(r->copiers[i].task);
	if (r->bystander.task)
		kthread_stop_put(r->bystander.task);
}

int measure_rounds(struct copy_run *r)
{
	int err = start_team(r);

	if (err)
		WRITE_ONCE(r->stopped, err);
	else
		err = copier_thread(&r->copiers[0]);
	stop_team(r);
	return err;
}
