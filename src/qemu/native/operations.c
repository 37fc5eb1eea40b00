/* Runs a program: its threads, and every operation; see agent.h. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 3
#endif
#ifndef MAP_SYNC
#define MAP_SYNC 0x80000
#endif

/* Each mapping slot has a range of its own, so that addresses say nothing about allocation order. */
#define SLOT_START 0x100000000000ull
#define SLOT_STRIDE 0x40000000ull
#define PMD_BYTES 0x200000ull
#define BUFFER_BYTES 0x800000
#define LINE_BYTES 64

struct mapping {
    uint8_t *start; /* NULL: empty */
    uint64_t length;
    uint8_t *holes; /* a byte per page that was unmapped */
};

static int fds[SLOTS_MAX] = {-1, -1, -1, -1};
static struct mapping mappings[SLOTS_MAX];
static __thread sigjmp_buf on_fault;
static __thread volatile sig_atomic_t may_fault;
/* Direct I/O needs alignment. */
static uint8_t buffers[THREADS_MAX][BUFFER_BYTES] __attribute__((aligned(PAGE_BYTES)));

static void handle_fault(int signal)
{
    if (may_fault) siglongjmp(on_fault, 1);
    static const char text[] = "daxfuzz agent: fault outside of an operation\n";
    if (write(1, text, sizeof text - 1) < 0) _exit(2);
    _exit(signal);
}

void install_fault_handler(void)
{
    struct sigaction action = {.sa_handler = handle_fault, .sa_flags = SA_NODEFER};
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
}

int fd_of_slot(unsigned slot)
{
    return fds[slot];
}

static void clear_mapping(struct mapping *mapping)
{
    free(mapping->holes);
    memset(mapping, 0, sizeof *mapping);
}

void release_slots(void)
{
    for (unsigned slot = 0; slot < SLOTS_MAX; slot++) {
        if (mappings[slot].start != NULL) munmap(mappings[slot].start, mappings[slot].length);
        clear_mapping(&mappings[slot]);
        if (fds[slot] >= 0) close(fds[slot]);
        fds[slot] = -1;
    }
}

/* --- through mappings ------------------------------------------------------------------------------ */

/* Words where the address allows it, as programs store; never a library's choice of instructions. */
static __attribute__((noinline)) void store_bytes(volatile uint8_t *at, uint64_t length, uint8_t fill)
{
    volatile uint8_t *end = at + length;
    uint64_t word = fill * 0x0101010101010101ull;
    while (at < end && ((uintptr_t)at & 7) != 0) *at++ = fill;
    for (; end - at >= 8; at += 8) *(volatile uint64_t *)at = word;
    while (at < end) *at++ = fill;
}

static __attribute__((noinline)) void load_bytes(const volatile uint8_t *at, uint64_t length)
{
    for (const volatile uint8_t *end = at + length; at < end; at++) (void)*at;
}

static __attribute__((noinline)) void flush_bytes(uint8_t *at, uint64_t length)
{
    uint8_t *end = at + length;
    for (uint8_t *line = (uint8_t *)((uintptr_t)at & ~(LINE_BYTES - 1ull)); line < end;) {
        (void)*(volatile uint8_t *)line; /* QEMU's clwb does not fault, hardware's does */
        __asm__ volatile("clwb (%0)" ::"r"(line) : "memory");
        line += LINE_BYTES;
    }
    __asm__ volatile("sfence" ::: "memory");
}

/* The part of [offset, offset + length) that is inside the mapping of a slot; NULL if none is. */
static uint8_t *mapped(unsigned slot, uint64_t offset, uint64_t *length)
{
    const struct mapping *mapping = &mappings[slot % SLOTS_MAX];
    if (mapping->start == NULL || offset >= mapping->length) return NULL;
    if (*length > mapping->length - offset) *length = mapping->length - offset;
    return mapping->start + offset;
}

static int64_t access_mapping(const struct op *op)
{
    uint64_t length = op->length;
    uint8_t *at = mapped(op->target, op->offset, &length);
    if (at == NULL) return -EFAULT;
    if (sigsetjmp(on_fault, 0) != 0) {
        may_fault = 0;
        return -EFAULT;
    }
    may_fault = 1;
    if (op->code == OP_STORE) store_bytes(at, length, op->fill);
    else if (op->code == OP_LOAD) load_bytes(at, length);
    else flush_bytes(at, length);
    may_fault = 0;
    return 0;
}

/* --- mappings themselves --------------------------------------------------------------------------- */

static int64_t map_file(const struct op *op)
{
    unsigned slot = op->target % SLOTS_MAX;
    struct mapping *mapping = &mappings[slot];
    int shared = (op->flags & MAP_FLAG_PRIVATE) == 0;
    int fd = fds[op->source % SLOTS_MAX];
    if (fd < 0) return -EBADF;
    if (mapping->start != NULL) return -EBUSY;
    if (!shared && (op->flags & MAP_FLAG_SYNC) != 0) return -EINVAL;
    int protection = PROT_READ | ((op->flags & MAP_FLAG_READ_ONLY) == 0 ? PROT_WRITE : 0);
    int flags = MAP_FIXED | (shared ? MAP_SHARED_VALIDATE : MAP_PRIVATE);
    if ((op->flags & MAP_FLAG_SYNC) != 0) flags |= MAP_SYNC;
    /* Congruent to the file offset modulo the PMD size, so that huge entries fit, or deliberately not. */
    uint64_t address = SLOT_START + slot * SLOT_STRIDE + op->offset % PMD_BYTES;
    if ((op->flags & MAP_FLAG_UNALIGNED) != 0) address += PAGE_BYTES;
    void *start = mmap((void *)address, op->length, protection, flags, fd, op->offset);
    if (start == MAP_FAILED) return -errno;
    mapping->holes = calloc(op->length / PAGE_BYTES + 1, 1);
    mapping->length = op->length;
    mapping->start = start;
    return 0;
}

static int64_t unmap(const struct op *op)
{
    struct mapping *mapping = &mappings[op->target % SLOTS_MAX];
    uint64_t length = op->length;
    uint8_t *at = mapped(op->target, op->offset, &length);
    if (at == NULL) return -EINVAL;
    if (munmap(at, length) != 0) return -errno;
    uint64_t pages = (mapping->length + PAGE_BYTES - 1) / PAGE_BYTES;
    uint64_t first = op->offset / PAGE_BYTES;
    memset(mapping->holes + first, 1, (length + PAGE_BYTES - 1) / PAGE_BYTES);
    /* The slot is free again once nothing of it is mapped. */
    for (uint64_t page = 0; page < pages; page++) {
        if (mapping->holes[page] == 0) return 0;
    }
    clear_mapping(mapping);
    return 0;
}

static int64_t protect(const struct op *op)
{
    uint64_t length = op->length;
    uint8_t *at = mapped(op->target, op->offset, &length);
    if (at == NULL) return -EINVAL;
    int writable = (op->flags & 1) == 0;
    return mprotect(at, length, PROT_READ | (writable ? PROT_WRITE : 0)) == 0 ? 0 : -errno;
}

static int64_t sync_mapping(const struct op *op)
{
    uint64_t length = op->length;
    uint8_t *at = mapped(op->target, op->offset, &length);
    if (at == NULL) return -ENOMEM;
    return msync(at, length, (op->flags & 1) != 0 ? MS_ASYNC : MS_SYNC) == 0 ? 0 : -errno;
}

/* --- files ------------------------------------------------------------------------------------------ */

static int64_t open_file(const struct op *op, int root)
{
    unsigned slot = op->target % SLOTS_MAX;
    int fd = openat(root, file_name(op->source), O_RDWR | O_CLOEXEC);
    if (fd < 0) return -errno;
    if (fds[slot] >= 0) close(fds[slot]);
    fds[slot] = fd;
    return slot;
}

static int reopened(int fd, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_RDWR | O_CLOEXEC | flags);
}

static int64_t transfer(int fd, int write, void *buffer, uint64_t length, uint64_t offset, int flags)
{
    struct iovec vector = {buffer, length};
    int64_t done = write ? pwritev2(fd, &vector, 1, offset, flags)
                         : preadv2(fd, &vector, 1, offset, flags);
    return done < 0 ? -errno : done;
}

/* pwrite and pread in all their forms; the buffer is private memory or a mapping of (another) file. */
static int64_t transfer_op(const struct op *op, int fd)
{
    int from_mapping = op->code == OP_PWRITE_FROM_MAPPING || op->code == OP_PREAD_INTO_MAPPING;
    int direct = from_mapping || op->code == OP_PWRITE_DIRECT || op->code == OP_PREAD_DIRECT;
    int write = op->code != OP_PREAD && op->code != OP_PREAD_DIRECT && op->code != OP_PREAD_INTO_MAPPING;
    uint64_t length = op->length < BUFFER_BYTES ? op->length : BUFFER_BYTES;
    uint8_t *buffer = buffers[op->thread % THREADS_MAX];
    if (from_mapping) {
        buffer = mapped(op->source, op->other, &length);
        if (buffer == NULL) return -EFAULT;
    } else if (write) {
        memset(buffer, op->fill, length);
    }
    int file = direct ? reopened(fd, O_DIRECT) : fd;
    if (file < 0) return -errno;
    int flags = op->code == OP_PWRITE_DSYNC ? RWF_DSYNC : 0;
    int64_t result = transfer(file, write, buffer, length, op->offset, flags);
    if (direct) close(file);
    return result;
}

static int64_t allocate(const struct op *op, int fd)
{
    int mode = 0;
    if (op->code == OP_FALLOCATE) {
        mode = op->flags == 0 ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE : FALLOC_FL_ZERO_RANGE;
    } else if (op->code == OP_ALLOCATE) {
        mode = (op->flags & 1) != 0 ? FALLOC_FL_KEEP_SIZE : 0;
    } else if (op->code == OP_COLLAPSE) {
        mode = FALLOC_FL_COLLAPSE_RANGE;
    } else if (op->code == OP_INSERT) {
        mode = FALLOC_FL_INSERT_RANGE;
    } else {
        mode = FALLOC_FL_UNSHARE_RANGE;
    }
    return fallocate(fd, mode, op->offset, op->length) == 0 ? 0 : -errno;
}

static int64_t reflink(const struct op *op, int fd)
{
    int from = fds[op->source % SLOTS_MAX];
    struct file_clone_range range = {from, op->other, op->length, op->offset};
    if (from < 0) return -EBADF;
    int failed = op->code == OP_REFLINK ? ioctl(fd, FICLONE, from) : ioctl(fd, FICLONERANGE, &range);
    return failed == 0 ? 0 : -errno;
}

static int64_t result_of(int failed)
{
    return failed == 0 ? 0 : -errno;
}

static int64_t crash(void)
{
    int trigger = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
    if (trigger < 0 || write(trigger, "c", 1) != 1) return -errno;
    return 0;
}

/* The operations whose target is an open file. */
static int64_t perform_on_file(const struct op *op)
{
    int fd = fds[op->target % SLOTS_MAX];
    if (fd < 0) return -EBADF;
    switch (op->code) {
    case OP_FSYNC: return result_of(fsync(fd));
    case OP_FDATASYNC: return result_of(fdatasync(fd));
    case OP_FTRUNCATE: return result_of(ftruncate(fd, op->length));
    case OP_FADVISE: {
        int error = posix_fadvise(fd, op->offset, op->length, POSIX_FADV_DONTNEED);
        return -error;
    }
    case OP_SYNCFS: return result_of(syncfs(fd));
    case OP_REFLINK:
    case OP_REFLINK_RANGE: return reflink(op, fd);
    case OP_FALLOCATE:
    case OP_ALLOCATE:
    case OP_COLLAPSE:
    case OP_INSERT:
    case OP_UNSHARE: return allocate(op, fd);
    case OP_PWRITE:
    case OP_PREAD:
    case OP_PWRITE_DIRECT:
    case OP_PREAD_DIRECT:
    case OP_PWRITE_DSYNC:
    case OP_PWRITE_FROM_MAPPING:
    case OP_PREAD_INTO_MAPPING: return transfer_op(op, fd);
    default: return -ENOSYS;
    }
}

int64_t perform(const struct op *op, int root)
{
    const char *to = file_name(op->target);
    const char *from = file_name(op->source);
    switch (op->code) {
    case OP_OPEN: return open_file(op, root);
    case OP_MMAP: return map_file(op);
    case OP_MPROTECT: return protect(op);
    case OP_MUNMAP: return unmap(op);
    case OP_LOAD:
    case OP_STORE:
    case OP_USER_FLUSH: return access_mapping(op);
    case OP_MSYNC: return sync_mapping(op);
    case OP_SYNC: sync(); return 0;
    /* A pin of a real kernel lasts as long as a direct transfer: there is nothing to hold one with. */
    case OP_PIN:
    case OP_DMA_WRITE:
    case OP_DMA_READ:
    case OP_UNPIN: return -EOPNOTSUPP;
    case OP_RENAME: return result_of(renameat(root, from, root, to));
    case OP_LINK: return result_of(linkat(root, from, root, to, 0));
    case OP_UNLINK: return result_of(unlinkat(root, to, 0));
    case OP_FREEZE: return result_of(ioctl(root, FIFREEZE, 0));
    case OP_CRASH: return crash();
    case OP_THAW: return result_of(ioctl(root, FITHAW, 0));
    default: return perform_on_file(op);
    }
}
