// SPDX-License-Identifier: GPL-2.0
/*
 * How much does the address of the code change the time of a call? Times copies of 4 KiB that stay
 * in the caches, by REP MOVSQ and by REP MOVSB, with the routine and its caller at 64 places each.
 * PLACEMENT_NS in report/stats.py is above the largest difference seen on any CPU;
 * results/placement.txt has the differences.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "samples.h"

#define PLACES 64
#define ROUNDS 301
#define CALLS  512
#define PAGE   4096

/* caller(calls, routine, to, from). In assembly, so that nothing but its place differs. */
asm(".section .rodata\n"
    "movsq: movl $512, %ecx\n rep movsq\n ret\n"
    "movsq_end:\n"
    "movsb: movl $4096, %ecx\n rep movsb\n ret\n"
    "movsb_end:\n"
    "caller: push %rbx\n push %r12\n push %r13\n push %r14\n push %r15\n"
    "	mov %rdi, %r12\n mov %rsi, %r13\n mov %rdx, %r14\n mov %rcx, %r15\n"
    "1:	mov %r14, %rdi\n mov %r15, %rsi\n call *%r13\n dec %r12\n jnz 1b\n"
    "	pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n ret\n"
    "caller_end:\n"
    ".text\n");

extern const char movsq[], movsq_end[], movsb[], movsb_end[], caller[], caller_end[];

typedef void call_often(long calls, const void *routine, void *to, const void *from);

static char *code; /* two pages for each place */
static char to[PAGE] __attribute__((aligned(PAGE))), from[PAGE] __attribute__((aligned(PAGE)));
static double ns[PLACES][ROUNDS];

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

/* 13 and 29 share no factor with 64: the places have every offset within a cache line, in pairs that differ. */
static char *routine_at(int place)
{
	return code + place * 2 * PAGE + place * 13 % 64;
}

static char *caller_at(int place)
{
	return code + (place * 2 + 1) * PAGE + place * 29 % 64;
}

static void measure(const char *name, const char *routine, const char *end)
{
	double medians[PLACES], middle;

	for (int place = 0; place < PLACES; place++) {
		memcpy(routine_at(place), routine, end - routine);
		memcpy(caller_at(place), caller, caller_end - caller);
	}
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < PLACES; i++) {
			int place = (i * 37 + round) % PLACES;
			call_often *call = (call_often *)caller_at(place);
			double start;

			call(CALLS / 8, routine_at(place), to, from);
			start = now_ns();
			call(CALLS, routine_at(place), to, from);
			ns[place][round] = (now_ns() - start) / CALLS;
		}
	}
	for (int place = 0; place < PLACES; place++)
		medians[place] = median(ns[place], ROUNDS);
	middle = median(medians, PLACES);
	printf("%s: %d places, ns per call of 4 KiB: least %.2f, median %.2f, most %.2f, most - least %.2f\n", name,
	       PLACES, medians[0], middle, medians[PLACES - 1], medians[PLACES - 1] - medians[0]);
}

int main(void)
{
	code = mmap(NULL, PLACES * 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED) {
		perror("placement: memory for code");
		return 2;
	}
	measure("rep movsq", movsq, movsq_end);
	measure("rep movsb", movsb, movsb_end);
	return 0;
}
