/*
 * Where the bytes of files are in pmem, by FIEMAP without FIEMAP_FLAG_SYNC, which would write data back.
 * A report is a layout record and its extents; a file whose report would say the same again has none.
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

/* By name, then by slot. */
#define SUBJECTS (FILES_MAX + SLOTS_MAX)
static struct layout reported[SUBJECTS];
/* Two threads that report at once would interleave their records. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void forget_layout(void)
{
    /* Without the extents, which are many and of which none then counts. */
    for (unsigned at = 0; at < SUBJECTS; at++) memset(&reported[at], 0, offsetof(struct layout, extents));
}

static void read_layout(int fd, struct layout *layout)
{
    static struct {
        struct fiemap map;
        struct fiemap_extent extents[EXTENTS_MAX];
    } request;
    struct stat status;
    memset(layout, 0, offsetof(struct layout, extents));
    if (fd < 0 || fstat(fd, &status) != 0) return;
    layout->ino = status.st_ino;
    layout->size = status.st_size;
    memset(&request.map, 0, sizeof request.map);
    request.map.fm_length = FIEMAP_MAX_OFFSET;
    request.map.fm_extent_count = EXTENTS_MAX;
    if (ioctl(fd, FS_IOC_FIEMAP, &request) != 0) {
        report_problem(PROBLEM_LAYOUT);
        return;
    }
    uint32_t count = request.map.fm_mapped_extents;
    int whole = count == 0 || (request.extents[count - 1].fe_flags & FIEMAP_EXTENT_LAST) != 0;
    if (!whole && count == EXTENTS_MAX) report_problem(PROBLEM_LAYOUT);
    layout->count = count;
    memcpy(layout->extents, request.extents, layout->count * sizeof request.extents[0]);
}

static void report(unsigned subject, unsigned thread, int fd)
{
    static struct layout now;
    unsigned how = subject < FILES_MAX ? subject : LAYOUT_FD + subject - FILES_MAX;
    struct layout *before = &reported[subject];
    read_layout(fd, &now);
    size_t length = offsetof(struct layout, extents) + now.count * sizeof now.extents[0];
    if (memcmp(&now, before, length) == 0) return;
    memcpy(before, &now, length);
    mark(RECORD_LAYOUT, thread, how, now.count, now.ino, now.size, 0);
    for (uint32_t at = 0; at < now.count; at++) {
        const struct fiemap_extent *e = &now.extents[at];
        mark(RECORD_EXTENT, thread, how, e->fe_flags, e->fe_logical, e->fe_physical, e->fe_length);
    }
}

/* Whether one of the names leads to the file of a slot. */
static int is_named(int fd)
{
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) return 1;
    for (unsigned file = 0; file < FILES_MAX; file++) {
        if (reported[file].ino == status.st_ino) return 1;
    }
    return 0;
}

void report_layout(int root, unsigned thread)
{
    pthread_mutex_lock(&lock);
    for (unsigned file = 0; file < FILES_MAX; file++) {
        int fd = openat(root, file_name(file), O_RDONLY | O_CLOEXEC);
        report(file, thread, fd);
        if (fd >= 0) close(fd);
    }
    for (unsigned slot = 0; slot < SLOTS_MAX; slot++) {
        int fd = fd_of_slot(slot);
        report(FILES_MAX + slot, thread, is_named(fd) ? -1 : fd);
    }
    pthread_mutex_unlock(&lock);
}
