/* SPDX-License-Identifier: GPL-2.0 */
/* Facts about this machine. All programs get each fact here, with the same fallback. */
#ifndef COMMON_HOST_H
#define COMMON_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tests set another root, with a /proc and a /sys of their own. */
#ifndef HOST_ROOT
#define HOST_ROOT ""
#endif

/* The value of a fact that the machine does not tell. */
#define UNKNOWN "unknown"

/* A load average above this means that other processes run, too. */
#define NOISY_LOAD 0.5

/**
 * host_file() - Read a small file of /proc or /sys.
 * @format: its path, as for printf()
 *
 * Return: its text without the last newline, to be freed; NULL if there is none.
 */
char *host_file(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * host_use_cpuinfo() - Read the CPU's facts from another file than /proc/cpuinfo.
 * @path: a copy of the host's /proc/cpuinfo; User-Mode Linux has a poorer one of its own
 */
void host_use_cpuinfo(const char *path);

/**
 * host_cpu() - One fact of /proc/cpuinfo.
 * @key: such as "model name"
 *
 * Return: its first value, or UNKNOWN if it is missing or empty. Lives as long as the program.
 */
const char *host_cpu(const char *key);

/* Whether /proc/cpuinfo lists this flag. */
bool host_has_flag(const char *flag);

/* The flags by which kernels choose how to copy, separated by blanks, or "none". */
const char *host_copy_flags(void);

/**
 * host_last_level_cache() - The size of the last level cache of a CPU.
 * @cpu: its number
 *
 * From sysfs, or else from CPUID (leaf 4, AMD: 0x8000001d), or else an assumed 32 MiB with a warning.
 *
 * Return: bytes, never 0.
 */
size_t host_last_level_cache(int cpu);

/**
 * host_neighbour() - A CPU on another core that shares the last level cache.
 * @cpu: the CPU that it shares it with
 *
 * Return: the first such CPU, or -1 if there is none.
 */
int host_neighbour(int cpu);

/**
 * host_available_memory() - The memory that this process may still use.
 *
 * MemAvailable, or less if the limits of the memory cgroups (v2 or v1, and their parents) leave less.
 *
 * Return: bytes.
 */
size_t host_available_memory(void);

/* The limit behind the last value of host_available_memory(): "MemAvailable" or "the memory limit of cgroup /a/b". */
const char *host_memory_limit(void);

/* Bytes of this process that are mapped by huge pages. */
size_t host_huge_page_bytes(void);

/* Whether the CPU is emulated (QEMU's TCG): times then mean nothing. */
bool host_is_emulated(void);
bool host_is_uml(void);

/*
 * cpu_ns() stands still while other processes have the CPU. Long samples use it, since on a busy machine they are
 * rarely left alone. It takes a system call, which a short sample would show, so short samples use now_ns().
 */
int64_t now_ns(void);
int64_t cpu_ns(void);

/* The step of the kernel's clock in ns: 1, or 256 in User-Mode Linux. */
unsigned long host_clock_step(void);

/* The load average of a minute; negative if it is unknown. */
double host_load(void);

/* Adds a warning if the load average is above NOISY_LOAD. */
void host_judge_load(void);

/* The uname(2) release. */
const char *host_kernel(void);

/**
 * host_watch_begin(), host_watch_end() - Has the measurement been left alone?
 *
 * host_watch_end() adds a warning for each kind of disturbance: preemption, stolen time, busy neighbours. A process
 * that slept meanwhile, or waited for another process, calls host_watch_end_asleep() instead, which does not count sleep
 * as preemption. CPU time of children that were waited for is the process's own.
 */
void host_watch_begin(void);
void host_watch_end(void);
void host_watch_end_asleep(void);

/* What kept other CPUs busy during the watched time, so that the samples decide nothing; NULL if nothing did. */
const char *host_disturbance(void);

#endif
