/**
 * What each operation of a program makes a real kernel do, by hand: not a test, since it takes a kernel.
 *
 *     node dist/test/qemu/operations.js KERNEL PROGRAM FILESYSTEM...
 *
 * A line for each operation: its result, and its stores, write-backs and fences, by CPU where there are two.
 */
import fs from 'node:fs';
import { opAt } from '../../src/program/program.js';
import { parseProgram, printOp } from '../../src/program/text.js';
import type { Op } from '../../src/program/op.js';
import { original } from '../../src/media/mirror.js';
import { FILESYSTEMS, makeFilesystem } from '../../src/qemu/filesystem.js';
import type { FilesystemName } from '../../src/target/real.js';
import { DEFAULT_GUEST, Guest } from '../../src/qemu/guest.js';
import { guestProgram } from '../../src/qemu/guest-program.js';
import type { Layout } from '../../src/qemu/records.js';
import { hex } from '../../src/support/units.js';
import { describeOperations, layoutsBefore } from '../helpers/raw-operations.js';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function describeLayout({ file, slot, size, extents }: Layout): string {
  const where = extents.map((e) => `${hex(e.logical)}->${hex(e.physical)}+${hex(e.length)}`);
  return `${file === null ? `of f${slot}` : `file ${file}`}, ${size} bytes, ${where.join(' ')}`;
}

function main(): void {
  const [, , kernel, file, ...names] = process.argv;
  if (kernel === undefined || file === undefined || names.length === 0)
    throw new Error('usage: operations.js KERNEL PROGRAM FILESYSTEM...');
  const program = parseProgram(fs.readFileSync(file, 'utf8'));
  const cpus = program.threads.length > 1 ? 2 : 1;
  const guest = Guest.boot({ ...DEFAULT_GUEST, kernel, cpus });
  try {
    for (const name of names as FilesystemName[]) {
      const filesystem = FILESYSTEMS[name];
      const result = guest.run(
        original(makeFilesystem(filesystem)),
        filesystem.mount,
        guestProgram(program),
        false,
      );
      const { steps, alarm } = guest.settle();
      const { mounted, prepared, unmounted } = steps;
      print(
        `${guest.kernelVersion} ${name}: steps ${mounted} ${prepared} ${unmounted}, trust ${result.distrust ?? 'yes'}, alarm ${alarm ?? 'none'}`,
      );
      if (result.trace === null) continue;
      // Before the first operation.
      for (const layout of layoutsBefore(result.trace)) print(`  ${describeLayout(layout)}`);
      for (const operation of describeOperations(result.trace)) {
        const { number, thread, cpus: on, stores, flushes, fences } = operation;
        const text = printOp(opAt(program, number) as Op);
        print(
          `  t${thread} on CPU ${on.join(' and ')}: ${text} = ${operation.result}: ${stores} stores, ${flushes} flushes, ${fences} fences`,
        );
        for (const layout of operation.layouts) print(`    ${describeLayout(layout)}`);
      }
    }
  } finally {
    guest.stop();
  }
}

main();
