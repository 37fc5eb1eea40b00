/** The C text around the operations, in the order in which a program has it. */
import type { PartName } from './operations.js';

export const INCLUDES = `#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* For C libraries older than these flags. */
#ifndef MAP_SYNC
#define MAP_SYNC 0x80000
#endif
#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 0x03
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef FALLOC_FL_KEEP_SIZE
#define FALLOC_FL_KEEP_SIZE 0x01
#define FALLOC_FL_PUNCH_HOLE 0x02
#define FALLOC_FL_ZERO_RANGE 0x10
#endif

/* Exit codes. */
#define KEPT 0
#define BROKEN 1
#define WRONG_USAGE 2
#define WENT_ANOTHER_WAY 3
`;

/** Where a failing preparation or check ends. */
export const GIVE_UP = `static void give_up(const char *what)
{
    fprintf(stderr, "%s: %s\\n", what, strerror(errno));
    exit(WRONG_USAGE);
}
`;

export const REPORT = `/* The byte that the last load or read of this thread saw first. */
static __thread int seen = -1;

/* Prints what an operation returned; ends the program where it fails unlike in the witness. */
static void report(int number, long result)
{
    const struct operation *operation = &OPERATIONS[number];
    printf("t%d: %d: %s = %ld", operation->thread, number, operation->text, result);
    if (seen >= 0)
        printf(", first byte 0x%x", (unsigned)seen);
    if (result < 0)
        printf(" (%s)", strerror((int)-result));
    printf("\\n");
    seen = -1;
    if ((result < 0) == operation->fails)
        return;
    printf("in the witness it %s: from here on this is another execution\\n",
           operation->fails ? "failed" : "did not fail");
    if (result < 0)
        exit(WENT_ANOTHER_WAY);
}
`;

export const TURNSTILE = `/* The turnstile: it holds operations back before they begin, and none while it runs. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int begun;
static int returned[THREADS];

static int is_turn(const struct operation *operation)
{
    if (begun < operation->place)
        return 0;
    for (int thread = 0; thread < THREADS; thread++)
        if (returned[thread] < operation->after[thread])
            return 0;
    return 1;
}

static void begin(int number)
{
    pthread_mutex_lock(&lock);
    while (!is_turn(&OPERATIONS[number]))
        pthread_cond_wait(&changed, &lock);
    begun++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void end(int number, long result)
{
    pthread_mutex_lock(&lock);
    report(number, result);
    returned[OPERATIONS[number].thread]++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}
`;

export const PARTS: Record<PartName, string> = {
  files: 'static int fds[4] = { -1, -1, -1, -1 };\n',
  mappings: `struct mapping {
    unsigned char *start;
    long length;
    long offset;
    int fd;
    int shared;
    unsigned char gone[FILE_PAGES]; /* pages that were unmapped */
};
static struct mapping mappings[4];
`,
  clip: `/* Makes [from, *to) end where the mapping ends; 0 if nothing is left. */
static int clip(int slot, long from, long *to)
{
    if (mappings[slot].start == NULL || from >= mappings[slot].length)
        return 0;
    if (*to > mappings[slot].length)
        *to = mappings[slot].length;
    return 1;
}
`,
  guard: `/* An access that a mapping does not allow fails, as a system call would. */
static __thread sigjmp_buf escape;
static __thread volatile sig_atomic_t guarded;

#define GUARD(error)                   \\
    if (sigsetjmp(escape, 1) != 0)     \\
        return error;                  \\
    guarded = 1
#define NOT_INLINE __attribute__((noinline))

static void on_fault(int number)
{
    if (!guarded) {
        signal(number, SIG_DFL);
        return;
    }
    guarded = 0;
    siglongjmp(escape, 1);
}
`,
};

export const CATCH_FAULTS = `    signal(SIGBUS, on_fault);
    signal(SIGSEGV, on_fault);
`;

export const PREPARE = `static void prepare(const struct file *file)
{
    static const unsigned char zeros[4096];
    if (unlink(file->name) != 0 && errno != ENOENT)
        give_up(file->name);
    int fd = open(file->name, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || ftruncate(fd, file->size) != 0)
        give_up(file->name);
    if (file->allocated > 0 && fallocate(fd, 0, 0, file->allocated) != 0 && errno != EOPNOTSUPP)
        give_up(file->name);
    /* What fallocate leaves is unwritten; the program starts with written blocks. */
    for (long at = 0; at < file->allocated;) {
        size_t left = (size_t)(file->allocated - at);
        ssize_t done = pwrite(fd, zeros, left < sizeof zeros ? left : sizeof zeros, at);
        if (done <= 0)
            give_up(file->name);
        at += done;
    }
    if (fsync(fd) != 0)
        give_up(file->name);
#ifdef STATX_ATTR_DAX
    struct statx state;
    if (statx(fd, "", AT_EMPTY_PATH, 0, &state) == 0 && (state.stx_attributes & STATX_ATTR_DAX) == 0)
        printf("warning: %s is not a DAX file: this run says nothing about DAX\\n", file->name);
#endif
    close(fd);
}

static void prepare_all(void)
{
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++)
        prepare(&FILES[i]);
    int directory = open(".", O_RDONLY | O_DIRECTORY);
    if (directory < 0 || fsync(directory) != 0)
        give_up("the directory");
    close(directory);
}
`;

/** For P9: blocks whose bytes are nobody's any more, and can be told from all others. */
export const STALE = `/* Fills free blocks with a byte that no operation writes, so that showing them is seen. */
static void leave_stale_bytes(void)
{
    static unsigned char stale[4096];
    memset(stale, STALE_BYTE, sizeof stale);
    int fd = open("daxfuzz-stale", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        give_up("daxfuzz-stale");
    for (long at = 0; at < STALE_BYTES; at += (long)sizeof stale)
        if (pwrite(fd, stale, sizeof stale, at) != (ssize_t)sizeof stale)
            give_up("daxfuzz-stale");
    if (fsync(fd) != 0 || unlink("daxfuzz-stale") != 0)
        give_up("daxfuzz-stale");
    close(fd);
    sync();
}
`;

export const CHECK_BYTES = `static void print_place(const struct expected *e)
{
    printf("%s, bytes 0x%lx..0x%lx:", FILES[e->file].name, (unsigned long)e->from,
           (unsigned long)e->to);
    for (int i = 0; i < e->count; i++)
        printf("%s 0x%x", i == 0 ? "" : " or", (unsigned)e->values[i]);
    printf("\\n");
}

/* Bytes beyond the end of the file count as zeros. */
static int check_bytes(const struct expected *e)
{
    unsigned char bytes[4096];
    int fd = open(FILES[e->file].name, O_RDONLY);
    if (fd < 0)
        give_up(FILES[e->file].name);
    for (long at = e->from; at < e->to; at++) {
        long within = (at - e->from) % (long)sizeof bytes;
        if (within == 0) {
            memset(bytes, 0, sizeof bytes);
            if (pread(fd, bytes, sizeof bytes, at) < 0)
                give_up(FILES[e->file].name);
        }
        if (memchr(e->values, bytes[within], (size_t)e->count) != NULL)
            continue;
        printf("byte 0x%lx reads 0x%x, expected is\\n    ", (unsigned long)at,
               (unsigned)bytes[within]);
        print_place(e);
        close(fd);
        return BROKEN;
    }
    close(fd);
    return KEPT;
}

static int check_all_bytes(void)
{
    int verdict = KEPT;
    for (size_t i = 0; i < sizeof EXPECTED / sizeof EXPECTED[0]; i++)
        if (check_bytes(&EXPECTED[i]) == BROKEN)
            verdict = BROKEN;
    return verdict;
}
`;

export const CHECK_SIZE = `static int check_size(void)
{
    struct stat state;
    if (stat(FILES[SIZED_FILE].name, &state) != 0)
        give_up(FILES[SIZED_FILE].name);
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++)
        if (state.st_size == SIZES[i])
            return KEPT;
    printf("%s has 0x%lx bytes, which is not expected\\n", FILES[SIZED_FILE].name,
           (unsigned long)state.st_size);
    return BROKEN;
}
`;

/** For P1: what read(2) shows beside what a mapping shows. */
export const SAME_BYTES = `NOT_INLINE static ssize_t first_difference(volatile unsigned char *mapped, const unsigned char *bytes,
                                           ssize_t count)
{
    for (ssize_t i = 0; i < count; i++)
        if (mapped[i] != bytes[i])
            return i;
    return -1;
}

static int same_bytes(volatile unsigned char *mapped, int fd, long offset, long length)
{
    unsigned char bytes[4096];
    ssize_t count = pread(fd, bytes, length < 4096 ? (size_t)length : sizeof bytes, offset);
    GUARD(KEPT); /* a page that is not mapped any more shows nothing */
    ssize_t different = first_difference(mapped, bytes, count);
    guarded = 0;
    if (different < 0)
        return KEPT;
    printf("byte 0x%lx: read(2) shows 0x%x, a mapping something else\\n",
           (unsigned long)(offset + different), (unsigned)bytes[different]);
    return BROKEN;
}

static int same_range(volatile unsigned char *mapped, int fd, long offset, long length)
{
    int verdict = KEPT;
    for (long at = 0; at < length; at += 4096)
        if (same_bytes(mapped + at, fd, offset + at, length - at) == BROKEN)
            verdict = BROKEN;
    return verdict;
}
`;

export const CHECK_OLD_MAPPINGS = `/* The mappings that the run has left. */
static int check_old_mappings(void)
{
    int verdict = KEPT;
    for (int slot = 0; slot < 4; slot++) {
        const struct mapping *m = &mappings[slot];
        if (m->start != NULL && m->shared &&
            same_range(m->start, m->fd, m->offset, m->length) == BROKEN)
            verdict = BROKEN;
    }
    return verdict;
}
`;

export const CHECK_NEW_MAPPINGS = `/* A mapping of each file that is made now. */
static int check_new_mappings(void)
{
    int verdict = KEPT;
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        long length = FILE_PAGES * AT(PAGE);
        int fd = open(FILES[i].name, O_RDONLY);
        if (fd < 0)
            give_up(FILES[i].name);
        void *mapped = mmap(NULL, (size_t)length, PROT_READ, MAP_SHARED, fd, 0);
        if (mapped == MAP_FAILED)
            give_up(FILES[i].name);
        if (same_range(mapped, fd, 0, length) == BROKEN)
            verdict = BROKEN;
        munmap(mapped, (size_t)length);
        close(fd);
    }
    return verdict;
}
`;
