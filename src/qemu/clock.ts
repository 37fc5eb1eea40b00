/**
 * What time it is in the guest, in seconds: the same for all programs, so that images in which nothing else
 * differs are equal. Time goes on from one command to the next that sees what it left: journals take for
 * stale what is older.
 */
/** 2024-01-01. */
export const MKFS_TIME = 1_704_067_200;
const DAY = 24 * 60 * 60;

export const CLOCK = {
  prepare: MKFS_TIME + DAY,
  run: MKFS_TIME + 2 * DAY,
  check: MKFS_TIME + 3 * DAY,
} as const;
