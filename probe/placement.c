// SPDX-License-Identifier: GPL-2.0
/*
 * How much does the address of the code change the time of a call, and what does the call cost? Times
 * copies of 4 KiB that stay in the caches, by REP MOVSQ and by REP MOVSB, with the code at 64 places:
 * inline, called, and called by code that returns like a kernel that is hardened against SRSO.
 * PLACEMENT_NS in report/stats.py is above the largest difference between places seen on any CPU;
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

/*
 * FORM(calls, to, from), for each instruction. In assembly, so that nothing but the form and its place
 * differs.
 */
#define LOOP(copy)                                           \
	"push %rbx\n push %r12\n push %r14\n push %r15\n"    \
	"mov %rdi, %r12\n mov %rsi, %r14\n mov %rdx, %r15\n" \
	"1: mov %r14, %rdi\n mov %r15, %rsi\n" copy          \
	"dec %r12\n jnz 1b\n"                                \
	"pop %r15\n pop %r14\n pop %r12\n pop %rbx\n ret\n"
/* The kernel's return thunk on Zen 3 and 4: a CALL whose return address is dropped, then RET. */
#define SRSO_RETURN "call 3f\n int3\n 3: lea 8(%rsp), %rsp\n ret\n int3\n"

#define FORMS(name, copy)                                                                                       \
#name "_inline: " LOOP(copy) #name                                                                      \
		"_inline_end:\n" #name                                                                          \
		"_called: " LOOP("call 2f\n") "2: " copy "ret\n" #name "_called_end:\n" #name                   \
					      "_thunk: " LOOP("call 2f\n") "2: " copy                           \
									   "jmp 4f\n"                           \
									   ".p2align 4\n 4: " SRSO_RETURN #name \
									   "_thunk_end:\n"

asm(".section .rodata\n" FORMS(movsq, "movl $512, %ecx\n rep movsq\n")
	    FORMS(movsb, "movl $4096, %ecx\n rep movsb\n") ".text\n");

#define DECLARE(form) extern const char form[], form##_end[]
DECLARE(movsq_inline);
DECLARE(movsq_called);
DECLARE(movsq_thunk);
DECLARE(movsb_inline);
DECLARE(movsb_called);
DECLARE(movsb_thunk);

typedef void copy_often(long calls, void *to, const void *from);

static char *code; /* a page for each place */
static char to[PAGE] __attribute__((aligned(PAGE))), from[PAGE] __attribute__((aligned(PAGE)));
static double ns[PLACES][ROUNDS];

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

/* 13 shares no factor with 64: the places have every offset within a cache line. */
static char *place_of(int place)
{
	return code + place * PAGE + place * 13 % 64;
}

static void measure(const char *name, const char *form, const char *end)
{
	double medians[PLACES], middle;

	for (int place = 0; place < PLACES; place++)
		memcpy(place_of(place), form, end - form);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < PLACES; i++) {
			int place = (i * 37 + round) % PLACES;
			copy_often *copy = (copy_often *)place_of(place);
			double start;

			copy(CALLS / 8, to, from);
			start = now_ns();
			copy(CALLS, to, from);
			ns[place][round] = (now_ns() - start) / CALLS;
		}
	}
	for (int place = 0; place < PLACES; place++)
		medians[place] = median(ns[place], ROUNDS);
	middle = median(medians, PLACES);
	printf("%-31s %d places, ns per 4 KiB: least %.2f, median %.2f, most %.2f, most - least %.2f\n", name, PLACES,
	       medians[0], middle, medians[PLACES - 1], medians[PLACES - 1] - medians[0]);
}

int main(void)
{
	code = mmap(NULL, PLACES * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED) {
		perror("placement: memory for code");
		return 2;
	}
	measure("rep movsq, inline:", movsq_inline, movsq_inline_end);
	measure("rep movsq, called:", movsq_called, movsq_called_end);
	measure("rep movsq, called, SRSO thunk:", movsq_thunk, movsq_thunk_end);
	measure("rep movsb, inline:", movsb_inline, movsb_inline_end);
	measure("rep movsb, called:", movsb_called, movsb_called_end);
	measure("rep movsb, called, SRSO thunk:", movsb_thunk, movsb_thunk_end);
	return 0;
}
