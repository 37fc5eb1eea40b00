/*
 * Preloaded into mkfs.xfs, which writes the time into its inodes and has had no switch for that until
 * version 6.18: the clock stands still, so that equal options make equal images. With nobody else's
 * checksums touched.
 */
#include <sys/time.h>
#include <time.h>

/* As FAKE_TIME in filesystem.ts. */
#define NOW 1704067200

#define EXPORT __attribute__((visibility("default")))

EXPORT int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    (void)zone;
    *now = (struct timeval){.tv_sec = NOW};
    return 0;
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *now)
{
    (void)clock;
    *now = (struct timespec){.tv_sec = NOW};
    return 0;
}

EXPORT time_t time(time_t *now)
{
    if (now != NULL) *now = NOW;
    return NOW;
}
