/**
 * The file systems' own checkers, on an image that the guest has recovered and unmounted: a journal that was
 * replayed well leaves nothing to repair. They run outside of the guest, on a copy, and change nothing.
 */
import fs from 'node:fs';
import { fillFile } from './shared-memory.js';
import type { FilesystemType } from './mailbox.js';
import type { Tool, ToolResult } from './tools.js';
import { runTool, TOOL_FD } from './tools.js';

interface Checker extends Tool {
  /** With which it says what is wrong and changes nothing. */
  readonly words: readonly string[];
}

const CHECKERS: Readonly<Record<FilesystemType, Checker>> = {
  ext4: { command: 'e2fsck', words: ['-fn'], package: 'e2fsprogs' },
  xfs: { command: 'xfs_repair', words: ['-n', '-f'], package: 'xfsprogs' },
};

/** An exit status of 0 says that nothing is wrong. @throws EnvironmentError when there is no checker. */
export function checkImage(type: FilesystemType, image: Uint8Array): ToolResult {
  const { words, ...tool } = CHECKERS[type];
  const fd = fillFile(image);
  try {
    return runTool(tool, [...words, TOOL_FD], { fd });
  } finally {
    fs.closeSync(fd);
  }
}
