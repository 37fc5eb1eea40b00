/*
 * Where the bytes of files are in pmem, by FIEMAP without FIEMAP_FLAG_SYNC, which would write data back.
 * A report is a layout record and its extents; a file whose report would say the same again has none.
 *
 * The files are kept open from one report to the next, for as long as nothing changes their names: opening
 * them for each report took more time than the operations between the reports.
 */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files have at most 1024 pages, and extents whole pages. Not seeing all of them is a problem. */
#define EXTENTS_MAX 1024

struct layout {
    uint64_t ino;
    uint64_t size;
    uint32_t count;
    struct fiemap_extent extents[EXTENTS_MAX];
};

/* A file that is reported, and its inode. */
struct subject {
    int fd; /* -1: there is none */
    uint64_t ino;
};

/* By name, then by slot. */
#define SUBJECTS (FILES_MAX + SLOTS_MAX)
static struct layout reported[SUBJECTS];
static struct subject named[FILES_MAX];
static int directory;
/* Until names change, every file has its name, and the slots need no report of their own. */
static int names_changed;
/* Two threads that report at once would interleave their records. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct subject subject_of(int fd)
{
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) return (struct subject){-1, 0};
    return (struct subject){fd, status.st_ino};
}

static void open_named(void)
{
    for (unsigned file = 0; file < FILES_MAX; file++) {
        named[file] = subject_of(openat(directory, file_name(file), O_RDONLY | O_CLOEXEC));
    }
}

static void close_named(void)
{
    for (unsigned file = 0; file < FILES_MAX; file++) {
        if (named[file].fd >= 0) close(named[file].fd);
        named[file].fd = -1;
    }
}

void open_layout(int root)
{
    /* Without the extents, which are many and of which none then counts. */
    for (unsigned at = 0; at < SUBJECTS; at++) memset(&reported[at], 0, offsetof(struct layout, extents));
    directory = root;
    names_changed = 0;
    open_named();
}

void close_layout(void)
{
    close_named();
}

static void read_layout(struct subject subject, struct layout *layout)
{
    static struct {
        struct fiemap map;
        struct fiemap_extent extents[EXTENTS_MAX];
    } request;
    memset(layout, 0, offsetof(struct layout, extents));
    if (subject.fd < 0) return;
    layout->ino = subject.ino;
    layout->size = lseek(subject.fd, 0, SEEK_END);
    memset(&request.map, 0, sizeof request.map);
    request.map.fm_length = FIEMAP_MAX_OFFSET;
    request.map.fm_extent_count = EXTENTS_MAX;
    if (ioctl(subject.fd, FS_IOC_FIEMAP, &request) != 0) {
        report_problem(PROBLEM_LAYOUT);
        return;
    }
    uint32_t count = request.map.fm_mapped_extents;
    int whole = count == 0 || (request.extents[count - 1].fe_flags & FIEMAP_EXTENT_LAST) != 0;
    if (!whole && count == EXTENTS_MAX) report_problem(PROBLEM_LAYOUT);
    layout->count = count;
    memcpy(layout->extents, request.extents, layout->count * sizeof request.extents[0]);
}

static void report(unsigned at, unsigned thread, struct subject subject)
{
    static struct layout now;
    unsigned how = at < FILES_MAX ? at : LAYOUT_FD + at - FILES_MAX;
    struct layout *before = &reported[at];
    read_layout(subject, &now);
    size_t length = offsetof(struct layout, extents) + now.count * sizeof now.extents[0];
    if (memcmp(&now, before, length) == 0) return;
    memcpy(before, &now, length);
    mark(RECORD_LAYOUT, thread, how, now.count, now.ino, now.size, 0);
    for (uint32_t at_extent = 0; at_extent < now.count; at_extent++) {
        const struct fiemap_extent *e = &now.extents[at_extent];
        mark(RECORD_EXTENT, thread, how, e->fe_flags, e->fe_logical, e->fe_physical, e->fe_length);
    }
}

static int is_named(struct subject subject)
{
    for (unsigned file = 0; file < FILES_MAX; file++) {
        if (named[file].fd >= 0 && named[file].ino == subject.ino) return 1;
    }
    return 0;
}

static void report_slots(unsigned thread)
{
    for (unsigned slot = 0; slot < SLOTS_MAX; slot++) {
        struct subject subject = subject_of(fd_of_slot(slot));
        if (is_named(subject)) subject.fd = -1;
        report(FILES_MAX + slot, thread, subject);
    }
}

void report_layout(unsigned thread)
{
    pthread_mutex_lock(&lock);
    for (unsigned file = 0; file < FILES_MAX; file++) report(file, thread, named[file]);
    if (names_changed) report_slots(thread);
    pthread_mutex_unlock(&lock);
}

void note_names_changed(void)
{
    pthread_mutex_lock(&lock);
    names_changed = 1;
    close_named();
    open_named();
    pthread_mutex_unlock(&lock);
}
