/**
 * A real kernel tried by hand, and measured: not a test, since it takes a kernel and QEMU.
 *
 *     node dist/test/qemu/try.js KERNEL [RUNS]
 *
 * Boots, runs a small program on each file system, shows what was traced, mounts what was durable at its
 * end, and measures programs and crash images a second.
 */
import { performance } from 'node:perf_hooks';
import { original } from '../../src/media/mirror.js';
import { FILESYSTEMS, makeFilesystem } from '../../src/qemu/filesystem.js';
import type { FilesystemName } from '../../src/target/real.js';
import { DEFAULT_GUEST, Guest } from '../../src/qemu/guest.js';
import type { RunResult } from '../../src/qemu/guest.js';
import { guestProgram } from '../../src/qemu/guest-program.js';
import { isDirectory } from '../../src/qemu/mailbox.js';
import { RECORD } from '../../src/qemu/protocol.js';
import type { RawTrace } from '../../src/qemu/records.js';
import type { Symbols } from '../../src/qemu/symbols.js';
import { hex } from '../../src/support/units.js';
import { durableImage } from '../helpers/durable-image.js';
import { SMALL_PROGRAM } from '../helpers/small-program.js';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function countBy(names: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
}

const KIND_NAMES = new Map<number, string>(
  Object.entries(RECORD).map(([name, kind]) => [kind, name]),
);

function describeTrace(trace: RawTrace, symbols: Symbols): void {
  const records = Array.from({ length: trace.length }, (_, record) => record);
  const symbolsOf = (kind: number): string =>
    countBy([...trace.ofKind(kind)].map((record) => symbols.at(trace.pc(record))));
  print(
    `  ${trace.length} records: ${countBy(records.map((r) => KIND_NAMES.get(trace.kind(r)) ?? '?'))}`,
  );
  print(`  stores: ${symbolsOf(RECORD.store)}`);
  print(`  flushes: ${symbolsOf(RECORD.flush)}`);
  print(`  fences: ${symbolsOf(RECORD.fence)}`);
  const results = [...trace.ofKind(RECORD.op_exit)].map((r) => trace.result(r));
  print(`  results: ${results.join(' ')}`);
  for (const record of trace.ofKind(RECORD.layout)) {
    const { file, slot, ino, size, extents } = trace.layout(record);
    const where = extents.map(
      (e) => `${hex(e.logical)}->${hex(e.physical)}+${hex(e.length)}/${e.flags}`,
    );
    print(
      `  layout at ${record}: file ${file ?? `of f${slot}`} ino ${ino} size ${size} ${where.join(' ')}`,
    );
  }
}

function describeRun(guest: Guest, result: RunResult): string {
  const { steps, alarm } = guest.settle();
  const { mounted, prepared, unmounted } = steps;
  return `steps ${mounted} ${prepared} ${unmounted}; trust: ${result.distrust ?? 'yes'}; alarm: ${alarm ?? 'none'}`;
}

function tryFilesystem(guest: Guest, name: FilesystemName, runs: number): void {
  const filesystem = FILESYSTEMS[name];
  const { mount } = filesystem;
  const empty = original(makeFilesystem(filesystem));
  const program = guestProgram(SMALL_PROGRAM);
  const prepared = guest.prepare(empty, mount, program.files);
  const first = guest.run(prepared.image, mount, program, true);
  print(`${name}: ${describeRun(guest, first)}`);
  if (first.trace !== null) describeTrace(first.trace, guest.symbols);
  // Asking for symbols does not touch the trace.
  const image = first.trace === null ? empty : durableImage(first.trace, first.base);
  const check = guest.check(image, mount);
  print(
    `  only durable: steps ${check.steps.mounted} ${check.steps.prepared} ${check.steps.unmounted}`,
  );
  for (const file of check.files.filter((found) => !isDirectory(found))) {
    const bytes = [0x1040, 0x5000, 0x5fff, 0x1080].map((at) => file.content[at]);
    print(
      `  ${file.name}: ino ${file.ino} size ${file.size} error ${file.error} bytes ${bytes.join(' ')}`,
    );
  }
  measure(`${name} programs, files prepared`, runs, () => {
    const result = guest.run(prepared.image, mount, program, true);
    if (result.distrust !== null) throw new Error(result.distrust);
  });
  measure(`${name} programs, files made each time`, runs, () => {
    guest.run(empty, mount, program, false);
  });
  measure(`${name} crash images`, runs, () => {
    guest.check(image, mount);
  });
}

function measure(what: string, runs: number, body: () => void): void {
  const start = performance.now();
  for (let run = 0; run < runs; run++) body();
  const milliseconds = performance.now() - start;
  print(`  ${what}: ${((runs * 1000) / milliseconds).toFixed(0)}/s over ${runs}`);
}

function main(): void {
  const [, , kernel, runs = '100'] = process.argv;
  if (kernel === undefined) throw new Error('usage: try.js KERNEL [RUNS]');
  const start = performance.now();
  const guest = Guest.boot({ ...DEFAULT_GUEST, kernel });
  print(`${guest.kernelVersion} booted in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  try {
    for (const name of ['ext4', 'xfs', 'xfs-reflink'] as const)
      tryFilesystem(guest, name, Number(runs));
  } finally {
    guest.stop();
  }
}

main();
