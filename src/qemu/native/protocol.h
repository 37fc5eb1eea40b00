/*
 * What the plugin, the agent and the controller (src/qemu/protocol.ts) agree on: where things are in guest
 * memory, what a trace record is, the words of the control page and of the mailbox.
 *
 * A test compares the numbers here with those of protocol.ts, so that neither can drift.
 */
#ifndef DAXFUZZ_PROTOCOL_H
#define DAXFUZZ_PROTOCOL_H

#include <stdint.h>

/* Guest physical memory; below 2 GiB a guest physical address is an offset in the RAM file. */
#define PMEM_BASE 0x10000000u
#define PMEM_BYTES 0x04000000u
#define MAILBOX_BASE 0x14000000u
#define MAILBOX_BYTES 0x01000000u

/* File descriptors that QEMU inherits from the controller. */
#define FD_RAM 3
#define FD_CONTROL 4
#define FD_TRACE 5

/* --- trace records ------------------------------------------------------------------------------- */

#define RECORD_STORE 1
#define RECORD_FLUSH 2
#define RECORD_FENCE 3
#define RECORD_OP_ENTER 4
#define RECORD_OP_EXIT 5
#define RECORD_LAYOUT 6
#define RECORD_EXTENT 7

/* `how` of a store. */
#define STORE_NON_TEMPORAL 1

/* `how` of a flush and of a fence, numbered as in src/trace/event.ts. */
#define FLUSH_CLWB 0
#define FLUSH_CLFLUSHOPT 1
#define FLUSH_CLFLUSH 2
#define FENCE_SFENCE 0
#define FENCE_MFENCE 1
#define FENCE_LOCKED 2

/*
 * One event. For markers `pc`, `low` and `high` carry arguments, `length` the thread and `how` the file:
 *   op_enter  number = operation, pc = its code
 *   op_exit   number = operation, low = result
 *   layout    how = file or LAYOUT_FD + slot, number = extents that follow, pc = inode (0: no such file),
 *             low = size
 *   extent    how = as before, number = FIEMAP flags, pc = byte in the file, low = byte in pmem, high = length
 */
struct record {
    uint8_t kind;
    uint8_t cpu;
    uint8_t length;
    uint8_t how;
    uint32_t number; /* of a store or flush: the offset in pmem */
    uint64_t pc;
    uint64_t low;
    uint64_t high;
};

/* Layout reports of an open file that has no name any more are numbered from here, by its slot. */
#define LAYOUT_FD 16

/* --- control page: plugin <-> controller ----------------------------------------------------------- */

#define CONTROL_MAGIC 0x44415846u
/* Behind the words, from AT_DIRTY on, a byte for each page of pmem: whether the guest has stored to it. */
#define CONTROL_BYTES 0x5000
#define AT_DIRTY 0x1000

struct control {
    uint32_t magic;    /* set by the plugin once it runs */
    uint32_t request;  /* counted up by the plugin; the vCPU waits until reply is equal */
    uint32_t reply;    /* set by the controller */
    uint32_t call;     /* what the request is */
    uint32_t records;  /* in the trace file since the trace was switched on */
    uint32_t capacity; /* of the trace file in records, set by the controller */
    uint32_t overflow; /* records that had no room */
    uint32_t problems; /* events that the plugin could not decode: the trace is not to be trusted */
    uint32_t problem;  /* which one was first */
    uint32_t listed;   /* counted up when the files of an image can be taken from the mailbox */
};

#define PROBLEM_REGISTERS 1 /* no register of that name */
#define PROBLEM_OPERAND 2   /* a flush whose operand is not understood */
#define PROBLEM_WIDE 3      /* a store of more than 16 bytes */
#define PROBLEM_ADDRESS 4   /* a store without a physical address */
#define PROBLEM_THREAD 5    /* the agent has no thread of its own CPU for a thread of the program */
#define PROBLEM_LAYOUT 6    /* the agent does not know where all bytes of a file are */
#define PROBLEM_CPU 7       /* which CPU it was is not known */

/* --- hypercalls: agent -> plugin ------------------------------------------------------------------- */

/* nopl disp32(%rax) whose displacement is "DAXF": nobody else has it, and without the plugin it does nothing. */
#define HYPERCALL_BYTES 0x0f, 0x1f, 0x80, 0x44, 0x41, 0x58, 0x46

#define CALL_NEXT 1  /* what next? Also says that the last command is done. */
#define CALL_BEGIN 2 /* mounted and prepared: the trace starts when the controller answers */
#define CALL_END 3   /* the program has ended, still mounted: the trace has stopped */
#define CALL_PROBLEM 4 /* the agent could not do as it should, see PROBLEM_*; does not wait */
#define CALL_CPU 5     /* this is the CPU of this number; does not wait */
#define CALL_READY 6   /* booted: from now on stores are looked at; does not wait */
#define CALL_LISTED 7  /* the files of the image are in the mailbox, it is being unmounted; does not wait */
#define CALL_MARK 16   /* + record kind: a marker, does not wait */

/* --- mailbox: controller <-> agent ----------------------------------------------------------------- */

#define COMMAND_RUN 1
#define COMMAND_CHECK 2
#define COMMAND_PREPARE 3
#define COMMAND_READ 4
/* Wait for COMMAND_RESUME without a hypercall, for in that no machine can be saved. */
#define COMMAND_PARK 5
/* What the kernel warns of once, it is to warn of once more. */
#define COMMAND_REWARN 6
#define COMMAND_RESUME 7

/* The files are in the image already. */
#define RUN_PREPARED 1

#define FILESYSTEM_BYTES 16
#define OPTIONS_BYTES 128
#define FILES_MAX 4
#define SLOTS_MAX 4
#define THREADS_MAX 4

struct file_spec {
    uint32_t pages;
    uint32_t allocated;
};

struct header {
    uint32_t command;
    uint32_t flags;
    uint32_t file_count;
    uint32_t op_count;
    uint32_t thread_count;
    uint32_t spawn_after;
    /* Answers of the agent. */
    int32_t mounted;   /* 0 or -errno */
    int32_t prepared;  /* 0 or -errno */
    int32_t unmounted; /* 0 or -errno */
    uint32_t entry_count;
    uint32_t log_length;
    uint32_t content_length;
    uint32_t clock; /* what time it is, in seconds */
    uint32_t listed_log; /* of the log, what came before CALL_LISTED */
    char filesystem[FILESYSTEM_BYTES];
    char options[OPTIONS_BYTES];
    struct file_spec files[FILES_MAX];
};

/* Offsets in the mailbox. */
#define AT_OPS 0x1000
#define AT_ENTRIES 0x280000
#define AT_LOG 0x2c0000
#define AT_CONTENT 0x300000
#define OPS_MAX 65535
#define ENTRIES_MAX 4096
#define LOG_BYTES 0x40000
#define CONTENT_BYTES (MAILBOX_BYTES - AT_CONTENT)
/* A file of which more would be read is reported with EFBIG. */
#define FILE_BYTES_MAX 0x800000

/* All offsets and lengths are bytes, also where the program's text form has pages. */
struct op {
    uint8_t code;
    uint8_t thread;
    uint8_t target;
    uint8_t source;
    uint32_t number;
    uint64_t offset;
    uint32_t length;
    uint8_t flags;
    uint8_t fill;
    uint16_t unused;
    uint64_t other; /* a second offset, where an operation has one */
};

/* A file of the root directory, as CHECK found it. */
struct entry {
    char name[24];
    int32_t error; /* 0 or -errno of stat, open or read */
    uint32_t mode;
    uint64_t ino;
    int64_t size;
    uint32_t links;
    uint32_t content_offset;
    uint32_t content_length;
    uint32_t unused;
};

/* Operations 0..19 are numbered as in src/program/op.ts; those of real kernels only start at 32. */
#define OP_OPEN 0
#define OP_MMAP 1
#define OP_MPROTECT 2
#define OP_MUNMAP 3
#define OP_LOAD 4
#define OP_STORE 5
#define OP_USER_FLUSH 6
#define OP_MSYNC 7
#define OP_FSYNC 8
#define OP_FDATASYNC 9
#define OP_SYNC 10
#define OP_PWRITE 11
#define OP_PREAD 12
#define OP_FTRUNCATE 13
#define OP_FALLOCATE 14
#define OP_FADVISE 15
#define OP_PIN 16
#define OP_DMA_WRITE 17
#define OP_DMA_READ 18
#define OP_UNPIN 19
#define OP_PWRITE_DIRECT 32
#define OP_PREAD_DIRECT 33
#define OP_PWRITE_DSYNC 34
#define OP_SYNCFS 35
#define OP_ALLOCATE 36
#define OP_COLLAPSE 37
#define OP_INSERT 38
#define OP_UNSHARE 39
#define OP_REFLINK 40
#define OP_REFLINK_RANGE 41
#define OP_RENAME 42
#define OP_LINK 43
#define OP_UNLINK 44
#define OP_FREEZE 45
#define OP_THAW 46
#define OP_PWRITE_FROM_MAPPING 47
#define OP_PREAD_INTO_MAPPING 48
/* Crashes the kernel: for testing daxfuzz. */
#define OP_CRASH 63

#define MAP_FLAG_PRIVATE 1
#define MAP_FLAG_SYNC 2
#define MAP_FLAG_READ_ONLY 4
#define MAP_FLAG_UNALIGNED 8

#endif
