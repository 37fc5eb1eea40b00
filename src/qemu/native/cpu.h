/* The guest's CPUs: their registers, and which of them executes. */
#ifndef DAXFUZZ_CPU_H
#define DAXFUZZ_CPU_H

#include <stdint.h>

#include "qemu-api.h"

#define CPUS_MAX 8

/* User addresses are below. */
#define USER_END 0x0000800000000000ull

/* Numbers of registers for read_register; 0 to 15 are those of instructions. */
#define RCX 1
#define RDX 2
#define RSI 6
#define RDI 7
#define R8 8
#define CR3 16

extern unsigned int cpu_count;

/* Counts an event for which the trace is not to be trusted; in plugin.c. */
void report_problem(uint32_t which);

/* Once for each CPU, before any code is translated. */
void add_cpu(unsigned int cpu);

/* Of the CPU that executes. */
uint64_t read_register(unsigned int reported, int number);

/* Takes the CPU that executes, in user space, for the one of this number. */
void name_cpu(unsigned int reported, uint64_t number);

/*
 * The CPU that executes. With one thread for all CPUs, QEMU reports the one for which an instruction was
 * translated, and CPUs share translations (gen_cpu_index in its accel/tcg/plugin-gen.c).
 */
unsigned int running_cpu(unsigned int reported);

/* What callbacks that call running_cpu must be registered with. */
enum qemu_plugin_cb_flags access_for_running_cpu(void);

#endif
