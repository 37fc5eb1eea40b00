/*
 * fsync returned 0 too early: another writeback had taken the TOWRITE tag and its flush was not
 * complete: the call skipped the page
 *
 * Made by daxfuzz VERSION; kernel mainline --bug A2; signature P3 towrite-taken.
 * Reproducer: crashes/example/finding.json
 *
 * Promise P3: fsync: all stores and writes before it, and the metadata, are on media.
 * After fsync (operation 4) returned, power fails: "a"+0x0 reads 0x0 after the crash, expected
 * 0x3. Written by store (operation 2) of thread 0.
 *
 * This program runs the same operations on a mounted DAX file system, in its files daxfuzz-a and
 * so on, which it makes anew:
 *
 *     gcc -O2 -Wall -Wextra -Werror -pthread x.c -o x
 *     ./x DIR            DIR is in a file system mounted with -o dax=always
 *     ./x DIR --check    after a power failure, when it is mounted again
 *
 * The promise is made when the line "t1: 4: fsync(f0) = 0" appears: power has to fail after it,
 * and the sooner the likelier a loss is seen. After a run that exits with 3 the check means
 * nothing.
 *
 * Exit codes: 0 done, or kept; 1 broken; 2 wrong usage; 3 an operation failed unlike in the
 * witness, or the run got stuck.
 *
 * Program:
 *
 *     geometry page 4096 pmd 4 file-pages 8 blocks 16
 *     file a pages 1 allocated 1
 *     t0: f0 = open("a")
 *     t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
 *     t0: store(m0, 0x0, 1)
 *     t0: fsync(f0)
 *     t1: fsync(f0)
 *
 * Schedule of the witness:
 *
 *     start -> t0
 *     t0 op 3 at dax_writeback_one:flushed #1 -> t1
 *     t1 at task_end #0 -> t0
 *
 * What is enforced of this schedule: operations begin in the order of the witness, each after
 * those that had returned before it there; calls that overlapped in the witness overlap here.
 * What is not: user space cannot stop a thread inside of a system call or a page fault. Where
 * the witness preempts one there, the kernel has to do so by chance: repeat the run, slow the
 * kernel down at that point, or load the machine.
 *
 * The program counts in pages of 4096 bytes and huge pages of 4 pages. To have the huge pages of a
 * kernel whose PMD has 512 pages of 4096 bytes, compile with -DSCALE=128, which makes each page
 * so many times as large; whether a PMD is mapped also depends on where the file system puts the
 * blocks.
 */

#define _GNU_SOURCE
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

#define PAGE 4096L
#define FILE_PAGES 8
#ifndef SCALE
#define SCALE 1
#endif
/* An offset of the program as an offset of the file: its pages are SCALE times as large here. */
#define AT(byte) ((byte) / PAGE * PAGE * SCALE + (byte) % PAGE)
#define PMD (4 * AT(PAGE))

#define THREADS 2

static const struct file {
    const char *name;
    long size;
    long allocated; /* leading bytes that have blocks; the rest is a hole */
} FILES[] = {
    { "daxfuzz-a", AT(0x1000), AT(0x1000) },
};

/* By their numbers in the report. */
static const struct operation {
    const char *text;
    int thread;
    int fails; /* in the witness */
    int place;          /* operations that begin before this one */
    int after[THREADS]; /* of each thread, operations that return before it begins */
} OPERATIONS[] = {
    [0] = { "f0 = open(\"a\")", 0, 0, 0, { 0, 0 } },
    [1] = { "m0 = mmap(f0, pages 0..1, MAP_SHARED)", 0, 0, 1, { 1, 0 } },
    [2] = { "store(m0, 0x0, 1)", 0, 0, 2, { 2, 0 } },
    [3] = { "fsync(f0)", 0, 0, 3, { 3, 0 } },
    [4] = { "fsync(f0)", 1, 0, 4, { 3, 0 } },
};

/* What the promise leaves of each byte of a range: any of so many values. */
static const struct expected {
    int file;
    long from;
    long to;
    int count;
    unsigned char values[1];
} EXPECTED[] = {
    { 0, AT(0x0), AT(0x1), 1, { 0x3 } },
};

static void give_up(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(WRONG_USAGE);
}

/* The byte that the last load or read of this thread saw first. */
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
    printf("\n");
    seen = -1;
    if ((result < 0) == operation->fails)
        return;
    printf("in the witness it %s: from here on this is another execution\n",
           operation->fails ? "failed" : "did not fail");
    if (result < 0)
        exit(WENT_ANOTHER_WAY);
}

/* The turnstile: it holds operations back before they begin, and none while it runs. */
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

static int fds[4] = { -1, -1, -1, -1 };

struct mapping {
    unsigned char *start;
    long length;
    long offset;
    int fd;
    int shared;
    unsigned char gone[FILE_PAGES]; /* pages that were unmapped */
};
static struct mapping mappings[4];

/* Makes [from, *to) end where the mapping ends; 0 if nothing is left. */
static int clip(int slot, long from, long *to)
{
    if (mappings[slot].start == NULL || from >= mappings[slot].length)
        return 0;
    if (*to > mappings[slot].length)
        *to = mappings[slot].length;
    return 1;
}

/* An access that a mapping does not allow fails, as a system call would. */
static __thread sigjmp_buf escape;
static __thread volatile sig_atomic_t guarded;

#define GUARD(error)                   \
    if (sigsetjmp(escape, 1) != 0)     \
        return error;                  \
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

static long do_open(int slot, int file)
{
    fds[slot] = open(FILES[file].name, O_RDWR);
    return fds[slot] < 0 ? -errno : 0;
}

/* The address is congruent to the offset modulo the PMD size, but for the skew. */
static long do_mmap(int slot, int fd, long from, long to, int protection, int flags, long skew)
{
    if (fds[fd] < 0)
        return -EBADF;
    if (mappings[slot].start != NULL)
        return -EBUSY;
    size_t room = (size_t)(to - from + 2 * PMD + AT(PAGE));
    unsigned char *area = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED)
        return -errno;
    unsigned char *start = area + PMD - (long)((uintptr_t)area % PMD) + from % PMD + skew;
    size_t length = (size_t)(to - from);
    if (mmap(start, length, protection, flags | MAP_FIXED, fds[fd], from) == MAP_FAILED) {
        int error = errno;
        munmap(area, room);
        return -error;
    }
    int shared = (flags & MAP_TYPE) != MAP_PRIVATE;
    mappings[slot] = (struct mapping){ start, to - from, from, fds[fd], shared, { 0 } };
    return 0;
}

NOT_INLINE static void touch_store(volatile unsigned char *start, long from, long to, unsigned char byte)
{
    for (long i = from; i < to; i++)
        start[i] = byte;
}

static long do_store(int slot, long from, long to, unsigned char byte)
{
    if (!clip(slot, from, &to))
        return -EFAULT;
    GUARD(-EFAULT);
    touch_store(mappings[slot].start, from, to, byte);
    guarded = 0;
    return 0;
}

static long do_fsync(int slot)
{
    return fsync(fds[slot]) < 0 ? -errno : 0;
}

static void prepare(const struct file *file)
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
        printf("warning: %s is not a DAX file: this run says nothing about DAX\n", file->name);
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

static void *thread_0(void *unused)
{
    (void)unused;
    /* f0 = open("a") */
    begin(0);
    end(0, do_open(0, 0));
    /* m0 = mmap(f0, pages 0..1, MAP_SHARED) */
    begin(1);
    end(1, do_mmap(0, 0, AT(0x0), AT(0x1000), PROT_READ | PROT_WRITE, MAP_SHARED, 0));
    /* store(m0, 0x0, 1) */
    begin(2);
    end(2, do_store(0, AT(0x0), AT(0x1), 0x3));
    /* fsync(f0) */
    begin(3);
    end(3, do_fsync(0));
    return NULL;
}

static void *thread_1(void *unused)
{
    (void)unused;
    /* fsync(f0) */
    begin(4);
    end(4, do_fsync(0));
    return NULL;
}

static void print_place(const struct expected *e)
{
    printf("%s, bytes 0x%lx..0x%lx:", FILES[e->file].name, (unsigned long)e->from,
           (unsigned long)e->to);
    for (int i = 0; i < e->count; i++)
        printf("%s 0x%x", i == 0 ? "" : " or", (unsigned)e->values[i]);
    printf("\n");
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
        printf("byte 0x%lx reads 0x%x, expected is\n    ", (unsigned long)at,
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

static void run(void)
{
    void *(*const bodies[])(void *) = { thread_0, thread_1 };
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, bodies[i], NULL) != 0)
            give_up("pthread_create");
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

static int after_run(void)
{
    printf("%s\n", "");
    printf("%s\n", "promise P3: fsync: all stores and writes before it, and the metadata, are on media");
    printf("%s\n", "made by operation 4 of thread 1, fsync, when it returned 0");
    printf("%s\n", "after a power failure the files must hold, and --check reads:");
    for (size_t i = 0; i < sizeof EXPECTED / sizeof EXPECTED[0]; i++)
        print_place(&EXPECTED[i]);
    return 0;
}

static int check(void)
{
    int verdict = check_all_bytes();
    printf("promise P3 %s\n", verdict == KEPT ? "kept" : "broken");
    return verdict;
}

static void on_alarm(int number)
{
    static const char message[] = "stuck: the operations wait for each other unlike in the witness\n";
    (void)number;
    if (write(STDERR_FILENO, message, sizeof message - 1) < 0)
        _exit(WENT_ANOTHER_WAY);
    _exit(WENT_ANOTHER_WAY);
}

int main(int count, char **words)
{
    int checks = count == 3 && strcmp(words[2], "--check") == 0;
    if (count != 2 && !checks) {
        fprintf(stderr, "usage: %s DIR [--check]\n", words[0]);
        return WRONG_USAGE;
    }
    if (chdir(words[1]) != 0)
        give_up(words[1]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGBUS, on_fault);
    signal(SIGSEGV, on_fault);
    if (checks)
        return check();
    long page = getpagesize();
    if (AT(PAGE) % page != 0) {
        fprintf(stderr, "pages have %ld bytes here: compile with -DSCALE=%ld\n", page, page / PAGE);
        return WRONG_USAGE;
    }
    if (AT(PAGE) != page)
        printf("warning: a page of the program is %ld pages here\n", AT(PAGE) / page);
    signal(SIGALRM, on_alarm);
    alarm(60);
    prepare_all();
    run();
    return after_run();
}
