/* Boots the guest's user space and serves the controller's commands; see agent.h. */
#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* From mounting to the program, as the clock shows it. */
#define MOUNTING_SECONDS 10

uint8_t *mailbox;
static int kernel_log = -1;

/* The end of PID 1 is a kernel panic, after which QEMU ends and the controller shows the console. */
static void fail(const char *what, const char *name)
{
    printf("daxfuzz agent: %s %s: %s\n", what, name, strerror(errno));
    fflush(stdout);
    exit(1);
}

static void open_console(void)
{
    int console = open("/dev/console", O_RDWR);
    for (int fd = 0; console >= 0 && fd < 3; fd++) dup2(console, fd);
}

static void load_modules(void)
{
    char name[128];
    FILE *list = fopen("/modules/list", "r");
    if (list == NULL) fail("cannot open", "/modules/list");
    while (fgets(name, sizeof name, list) != NULL) {
        char path[160];
        name[strcspn(name, "\n")] = 0;
        snprintf(path, sizeof path, "/modules/%s", name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) fail("cannot open module", name);
        int failed = syscall(SYS_finit_module, fd, "", 0) != 0;
        if (failed && errno != EEXIST) fail("cannot load module", name);
        close(fd);
    }
    fclose(list);
}

static void wait_for_device(void)
{
    for (int tries = 0; access(DEVICE, F_OK) != 0; tries++) {
        if (tries == 500) fail("there is no", DEVICE);
        usleep(10000);
    }
}

/* Tells a plugin that knows nothing yet what it has to know. */
static void introduce(void)
{
    introduce_cpus();
    /* Mounting and unmounting, too, happen where thread 0 will be. */
    if (pin_thread(0) != 0) fail("cannot use", "CPU 0");
    hypercall(CALL_READY, 0, 0, 0, 0);
}

static void boot(void)
{
    mkdir("/dev", 0755);
    mkdir("/proc", 0755);
    mkdir(MOUNT_POINT, 0755);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    mount("proc", "/proc", "proc", 0, NULL);
    mkdir("/debug", 0755);
    mount("debugfs", "/debug", "debugfs", 0, NULL);
    open_console();
    load_modules();
    wait_for_device();
    /* File systems complain about crash images at length; what matters is read from /dev/kmsg. */
    int level = open("/proc/sys/kernel/printk", O_WRONLY);
    if (level < 0 || write(level, "1", 1) != 1) fail("cannot write", "/proc/sys/kernel/printk");
    close(level);
    int memory = open("/dev/mem", O_RDWR | O_SYNC);
    if (memory < 0) fail("cannot open", "/dev/mem");
    mailbox = mmap(NULL, MAILBOX_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory, MAILBOX_BASE);
    if (mailbox == MAP_FAILED) fail("cannot map", "the mailbox");
    close(memory);
    kernel_log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
    if (kernel_log < 0) fail("cannot open", "/dev/kmsg");
    install_fault_handler();
    introduce();
}

/* Adds what the kernel has said since the last call: "priority,...;text" lines, as /dev/kmsg has them. */
static void copy_kernel_log(void)
{
    uint32_t length = header()->log_length;
    char line[8192];
    for (;;) {
        ssize_t got = read(kernel_log, line, sizeof line);
        if (got < 0 && errno == EPIPE) continue; /* older messages were overwritten */
        if (got <= 0) break;
        if (length + got > LOG_BYTES) continue;
        memcpy(mailbox + AT_LOG + length, line, got);
        length += got;
    }
    header()->log_length = length;
}

const char *file_name(unsigned file)
{
    static const char *const names[FILES_MAX] = {"a", "b", "c", "d"};
    return names[file % FILES_MAX];
}

/*
 * Makes it as late as the controller says: times are in images, and what else is the same in two of them is
 * then the same in all.
 */
static void set_clock(unsigned seconds_more)
{
    struct timespec now = {header()->clock + seconds_more, 0};
    clock_settime(CLOCK_REALTIME, &now);
}

/* Mounts with the options as given; gives an open directory or -errno. */
static int mount_device(void)
{
    const struct header *h = header();
    set_clock(0);
    if (mount(DEVICE, MOUNT_POINT, h->filesystem, MS_NOATIME, h->options) != 0) return -errno;
    int root = open(MOUNT_POINT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return root < 0 ? -errno : root;
}

static void unmount_device(int root)
{
    ioctl(root, FITHAW, 0); /* if a program left it frozen */
    close(root);
    header()->unmounted = umount2(MOUNT_POINT, 0) == 0 ? 0 : -errno;
    if (header()->unmounted != 0) umount2(MOUNT_POINT, MNT_DETACH);
}

static int prepare_file(int root, unsigned file, const struct file_spec *spec)
{
    /* In pieces of 2 MiB: what is shorter than its stripe, xfs does not align. */
    static const uint8_t zeros[512 * PAGE_BYTES];
    int fd = openat(root, file_name(file), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return -errno;
    int failed = ftruncate(fd, (off_t)spec->pages * PAGE_BYTES) != 0;
    off_t end = (off_t)spec->allocated * PAGE_BYTES;
    for (off_t at = 0; at < end && !failed;) {
        ssize_t wanted = end - at < (off_t)sizeof zeros ? end - at : (off_t)sizeof zeros;
        failed = pwrite(fd, zeros, wanted, at) != wanted;
        at += wanted;
    }
    failed = failed || fsync(fd) != 0;
    int error = failed ? -errno : 0;
    close(fd);
    return error;
}

static int prepare_files(int root)
{
    int error = 0;
    uint32_t count = header()->file_count;
    for (uint32_t file = 0; file < count && file < FILES_MAX && error == 0; file++) {
        error = prepare_file(root, file, &header()->files[file]);
    }
    if (error == 0 && syncfs(root) != 0) error = -errno;
    return error;
}

static void trace_program(int root)
{
    hypercall(CALL_BEGIN, 0, 0, 0, 0);
    set_clock(MOUNTING_SECONDS);
    report_layout(0);
    run_program(root);
    hypercall(CALL_END, 0, 0, 0, 0);
    release_slots();
}

static void serve_run(int root)
{
    int is_prepared = (header()->flags & RUN_PREPARED) != 0;
    if (!is_prepared) header()->prepared = prepare_files(root);
    if (header()->prepared != 0) return;
    open_layout(root);
    /*
     * What mounting and the first look at the files leave in a running transaction would be committed with one
     * of theirs, or not, by whether the files had to be made.
     */
    if (is_prepared && syncfs(root) != 0) header()->prepared = -errno;
    if (header()->prepared == 0) trace_program(root);
    close_layout();
}

/*
 * Saved here, a guest goes on in another QEMU, with another plugin. It may be saved on its way here already, and
 * then finds that it is to go on.
 */
static void park(void)
{
    volatile uint32_t *command = &header()->command;
    while (*command != COMMAND_RESUME) usleep(1000);
    introduce();
}

/* Otherwise the second program that provokes a WARN_ON_ONCE would seem to be innocent. */
static int rewarn(void)
{
    int file = open("/debug/clear_warn_once", O_WRONLY | O_CLOEXEC);
    int error = file < 0 || write(file, "1", 1) != 1 ? -errno : 0;
    close(file);
    return error;
}

static void serve_check(int root)
{
    list_files(root);
    /* The controller can look at it while the rest goes on. */
    copy_kernel_log();
    header()->listed_log = header()->log_length;
    hypercall(CALL_LISTED, 0, 0, 0, 0);
}

static void serve_mounted(uint32_t command)
{
    int root = mount_device();
    header()->mounted = root < 0 ? root : 0;
    if (root < 0) {
        umount2(MOUNT_POINT, MNT_DETACH);
        return;
    }
    if (command == COMMAND_RUN) serve_run(root);
    else if (command == COMMAND_CHECK) serve_check(root);
    else header()->prepared = prepare_files(root);
    unmount_device(root);
}

static void serve(void)
{
    struct header *h = header();
    uint32_t command = h->command;
    h->mounted = h->prepared = h->unmounted = 0;
    h->entry_count = h->log_length = h->content_length = h->listed_log = 0;
    if (command == COMMAND_READ) h->mounted = read_file(h->options);
    else if (command == COMMAND_PARK || command == COMMAND_RESUME) park();
    else if (command == COMMAND_REWARN) h->mounted = rewarn();
    else serve_mounted(command);
    copy_kernel_log();
}

int main(void)
{
    boot();
    for (;;) {
        hypercall(CALL_NEXT, 0, 0, 0, 0);
        serve();
    }
}
