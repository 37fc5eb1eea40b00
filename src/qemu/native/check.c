/* What is left after a crash: the files of the root directory with size, error and content. */
#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Appends what `fd` has to the content area; gives 0 or -errno, and how much there was. */
static int copy_content(int fd, uint32_t limit, uint32_t *length)
{
    uint32_t start = header()->content_length;
    if (limit > CONTENT_BYTES - start) limit = CONTENT_BYTES - start;
    *length = 0;
    for (;;) {
        char excess;
        uint32_t room = limit - *length;
        void *to = room > 0 ? (void *)(mailbox + AT_CONTENT + start + *length) : (void *)&excess;
        ssize_t got = read(fd, to, room > 0 ? room : 1);
        if (got < 0) return -errno;
        if (got == 0) break;
        if (room == 0) return -EFBIG;
        *length += got;
    }
    header()->content_length = start + *length;
    return 0;
}

/* Opens a regular file, and tells its state as that of others; -1 if it was not opened. */
static int open_file(int root, const char *name, unsigned char type, struct stat *status, int *failed)
{
    /* If its type is known, its name is looked up only once. */
    if (type != DT_REG) {
        *failed = fstatat(root, name, status, AT_SYMLINK_NOFOLLOW) != 0;
        if (*failed || type != DT_UNKNOWN || !S_ISREG(status->st_mode)) return -1;
    }
    int fd = openat(root, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    *failed = fd < 0 || fstat(fd, status) != 0;
    return fd;
}

static void list_file(int root, const char *name, unsigned char type)
{
    struct header *h = header();
    struct stat status;
    int failed;
    struct entry *entry = (struct entry *)(mailbox + AT_ENTRIES) + h->entry_count;
    if (h->entry_count == ENTRIES_MAX) return;
    h->entry_count++;
    memset(entry, 0, sizeof *entry);
    memcpy(entry->name, name, strnlen(name, sizeof entry->name - 1));
    entry->content_offset = h->content_length;
    int fd = open_file(root, name, type, &status, &failed);
    if (failed) {
        entry->error = -errno;
    } else {
        entry->mode = status.st_mode;
        entry->ino = status.st_ino;
        entry->size = status.st_size;
        entry->links = status.st_nlink;
        if (fd >= 0 && S_ISREG(status.st_mode)) {
            entry->error = copy_content(fd, FILE_BYTES_MAX, &entry->content_length);
        }
    }
    if (fd >= 0) close(fd);
}

void list_files(int root)
{
    DIR *directory = fdopendir(dup(root));
    if (directory == NULL) {
        header()->prepared = -errno;
        return;
    }
    for (;;) {
        errno = 0;
        struct dirent *found = readdir(directory);
        if (found == NULL) break;
        int self = strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0;
        if (!self) list_file(root, found->d_name, found->d_type);
    }
    header()->prepared = -errno;
    closedir(directory);
}

int64_t read_file(const char *path)
{
    uint32_t length = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int error = copy_content(fd, CONTENT_BYTES, &length);
    close(fd);
    return error;
}
