/*
 * The agent: the only process of the guest, PID 1. Between the plugin's hypercalls it mounts the file
 * system that the controller put into the pmem range, runs a program on it or reads its files back.
 *
 *   agent.c       boots, and serves commands
 *   program.c     the threads of programs
 *   operations.c  their operations
 *   layout.c      where the bytes of files are in pmem
 *   check.c       what is left after a crash
 */
#ifndef DAXFUZZ_AGENT_H
#define DAXFUZZ_AGENT_H

#include <stdint.h>

#include "protocol.h"

#define MOUNT_POINT "/mnt"
#define DEVICE "/dev/pmem0"
#define PAGE_BYTES 4096

extern uint8_t *mailbox;

static inline struct header *header(void) { return (struct header *)mailbox; }

static inline void hypercall(uint64_t call, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    register uint64_t fourth __asm__("r8") = d;
    __asm__ volatile(".byte 0x0f, 0x1f, 0x80, 0x44, 0x41, 0x58, 0x46"
                     :
                     : "D"(call), "S"(a), "d"(b), "c"(c), "r"(fourth)
                     : "memory");
}

/* A trace record that the agent writes; see struct record. */
static inline void mark(uint8_t kind, unsigned thread, unsigned how, uint32_t number, uint64_t pc,
                        uint64_t low, uint64_t high)
{
    uint64_t packed = (thread & 255) | (how & 255) << 8 | (uint64_t)number << 32;
    hypercall(CALL_MARK + kind, packed, pc, low, high);
}

/* Makes the run distrusted. */
static inline void report_problem(uint32_t which) { hypercall(CALL_PROBLEM, which, 0, 0, 0); }

/* Names of a program's files, relative to MOUNT_POINT: a, b, c, d. */
const char *file_name(unsigned file);

/* program.c */
/* Keeps the calling thread on the CPU of the program's thread `number`; 0 or -1. */
int pin_thread(unsigned number);
/* Tells the plugin each CPU by its number. */
void introduce_cpus(void);
/* `root` is the mounted directory. */
void run_program(int root);

/* operations.c */
void install_fault_handler(void);
/* The open file of a slot, or -1. */
int fd_of_slot(unsigned slot);
void release_slots(void);
/* What the system call gave, or -errno; -EFAULT for an access that got SIGBUS or SIGSEGV. */
int64_t perform(const struct op *op, int root);

/* layout.c */
/* Before the first report, and after the last. */
void open_layout(int root);
void close_layout(void);
/* Reports every file whose layout has changed since the last report. */
void report_layout(unsigned thread);
/* Names may lead to other files than before. */
void note_names_changed(void);

/* check.c */
void list_files(int root);
int64_t read_file(const char *path);

#endif
