/** The comment at the head of the C text: what was found, what the program does and what it cannot do. */
import { signatureOf, titleOf } from '../../finding/finding.js';
import { OP } from '../../program/op.js';
import { opCount } from '../../program/program.js';
import { printOp, printProgram } from '../../program/text.js';
import { printSchedule } from '../../schedule/text.js';
import { VERSION } from '../../support/version.js';
import type { Trace } from '../../trace/trace.js';
import type { ReportOptions } from '../report.js';
import { sentence } from '../report.js';
import { wrap } from '../timeline.js';
import { ruleText } from '../names.js';
import type { CProgram } from './form.js';
import { isLeftOut } from './operations.js';

const WIDTH = 96;

/** Texts that others wrote must not end the comment that quotes them. */
const quoted = (text: string): string => text.replaceAll('*/', '* /').replaceAll('/*', '/ *');

/** Lines that are indented stay as they are. */
const wrapped = (line: string): string[] =>
  line.startsWith(' ') ? [line] : wrap(line, WIDTH).map((part) => part.trimStart());

function comment(paragraphs: readonly string[]): string {
  const lines = paragraphs.flatMap((paragraph, index) => [
    ...(index === 0 ? [] : ['']),
    ...paragraph.split('\n').flatMap(wrapped),
  ]);
  return `/*\n${lines.map((line) => ` * ${quoted(line)}`.trimEnd()).join('\n')}\n */\n`;
}

const indented = (text: string): string => text.trimEnd().replace(/^/gm, '    ');

export function headText(c: CProgram, trace: Trace, { pointNames, file }: ReportOptions): string {
  const { finding } = c;
  const { setup, program, schedule, violation } = finding;
  const bugs = setup.bugs.map((bug) => ` --bug ${bug}`).join('');
  const from = file === null ? '' : `\nReproducer: ${file}`;
  return comment([
    titleOf(violation),
    `Made by daxfuzz ${VERSION}; kernel ${setup.kernel}${bugs}; signature ${signatureOf(violation)}.${from}`,
    `${ruleText(violation)}\n${sentence(finding, trace)}`,
    'This program runs the same operations on a mounted DAX file system, in its files daxfuzz-a and so on, which it makes anew:',
    [
      '    gcc -O2 -Wall -Wextra -Werror -pthread x.c -o x',
      '    ./x DIR            DIR is in a file system mounted with -o dax=always',
      '    ./x DIR --check    after a power failure, when it is mounted again',
    ].join('\n'),
    whenToFail(c),
    'Exit codes: 0 done, or kept; 1 broken; 2 wrong usage; 3 an operation failed unlike in the witness, or the run got stuck.',
    `Program:\n\n${indented(printProgram(program))}`,
    `Schedule of the witness:\n\n${indented(printSchedule(schedule, pointNames))}`,
    ...caveats(c),
  ]);
}

/** What the check may be asked about. */
function whenToFail({ finding, turns, promise }: CProgram): string {
  const { violation } = finding;
  if (violation.plan === null) return 'No power failure is needed: the running kernel is wrong.';
  const turn = turns.find(({ number }) => number === violation.op);
  if (promise === 'P9' || turn === undefined) return 'Power may fail at any time.';
  const line = `t${turn.thread}: ${turn.number}: ${printOp(turn.op)} = 0`;
  return `The promise is made when the line "${line}" appears: power has to fail after it, and the sooner the likelier a loss is seen. After a run that exits with 3 the check means nothing.`;
}

function caveats({ finding, turns, promise, ordered }: CProgram): string[] {
  const { program } = finding;
  const { pageSize, pmdPages } = program.geometry;
  const texts: string[] = [];
  if (ordered) {
    texts.push(
      'What is enforced of this schedule: operations begin in the order of the witness, each after those that had returned before it there; calls that overlapped in the witness overlap here. What is not: user space cannot stop a thread inside of a system call or a page fault. Where the witness preempts one there, the kernel has to do so by chance: repeat the run, slow the kernel down at that point, or load the machine.',
    );
  }
  texts.push(
    `The program counts in pages of ${pageSize} bytes and huge pages of ${pmdPages} pages. To have the huge pages of a kernel whose PMD has 512 pages of 4096 bytes, compile with -DSCALE=${(512 * 4096) / (pmdPages * pageSize)}, which makes each page so many times as large; whether a PMD is mapped also depends on where the file system puts the blocks.`,
  );
  if (turns.some(({ op }) => op.code === OP.unbind || op.code === OP.shutdown)) {
    texts.push(
      'Left out: the removal of the device, or the stop of the file system. Unbind the driver (/sys/bus/nd/drivers/nd_pmem/unbind), or use XFS_IOC_GOINGDOWN or EXT4_IOC_SHUTDOWN, where the witness does.',
    );
  }
  if (turns.some(({ op }) => op.code === OP.poison)) {
    texts.push(
      'Left out: the media error. `ndctl inject-error` makes blocks of a namespace bad, where the platform can; /sys/kernel/debug/hwpoison or madvise(MADV_HWPOISON) has memory_failure() called without one, and then the driver has nothing to mend.',
    );
  }
  if (turns.some(({ op }) => isLeftOut(op) && op.code < OP.unbind)) {
    texts.push(
      'Left out: pins and what devices do through them. No system call holds the pages of a mapping until it is told to let go; O_DIRECT I/O from or to the mapping pins them for as long as it takes, a device driver (RDMA, VFIO) for longer.',
    );
  }
  if (turns.length < opCount(program)) {
    texts.push(
      'Left out: operations that had not begun in the witness when the promise was seen to be broken.',
    );
  }
  if (promise === 'P9' || promise === 'P13') {
    texts.push(
      `The device of the program has ${program.geometry.blockCount} blocks, so that a freed block is soon used again; make the file system small for the same effect.`,
    );
  }
  return texts;
}
