/**
 * The verbs and their flags, as one table a verb. What a flag's value may be is said here and nowhere else;
 * the verbs get values that need no further check.
 */
import { Command } from 'commander';
import type { SchedulerName } from '../campaign/messages.js';
import { DEFAULT_GENERATE } from '../program/generate.js';
import { THREADS_MAX } from '../program/program.js';
import { FILESYSTEM_NAMES } from '../target/real.js';
import { VERSION } from '../support/version.js';
import { conformance } from './conformance.js';
import { compare } from './compare.js';
import { doctor } from './doctor.js';
import { range, SWEEP_OPS } from './exhaustive.js';
import type { ExplainFormat } from './explain.js';
import { explain, EXPLAIN_FORMATS } from './explain.js';
import { listBugs, listKernels } from './lists.js';
import { litmus } from './litmus.js';
import { minimizeFile } from './minimize.js';
import { collect, duration, integer, oneOf, place, repeated, seed } from './options.js';
import { replay } from './replay.js';
import { runCampaign } from './run.js';
import { validate } from './validate.js';

const WORKERS_MAX = 64;
const EXECS_MAX = 1e12;
const OPS_MIN = 4;
const OPS_MAX = 64;
const ICOUNT_SHIFT_MAX = 10;
const PREEMPTIONS_MAX = 8;

const TIMES_MAX = 10_000;

/** Makes of a verb, which gives its exit code, an action, which gives nothing. */
type Done = <A extends unknown[]>(
  verb: (...args: A) => number | Promise<number>,
) => (...args: A) => Promise<void>;

/** `exited` is told the exit code of the verb that ran. */
export function buildProgram(exited: (code: number) => void): Command {
  const done: Done =
    (verb) =>
    async (...args) =>
      exited(await verb(...args));
  const program = new Command('daxfuzz')
    .description('crash-consistency fuzzer with power-failure injection for Linux DAX file systems')
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .showSuggestionAfterError(false);
  addRun(program, done);
  addReproducerVerbs(program, done);
  addCompare(program, done);
  addValidate(program, done);
  addConformance(program, done);
  addLitmus(program, done);
  addLists(program, done);
  return program;
}

function addRun(program: Command, done: Done): void {
  const run = program
    .command('run')
    .description(
      'a campaign: generates, executes, checks every crash state, minimises, files findings',
    )
    .option(
      '--kernel <spec>',
      'what is tested: a name that "daxfuzz kernels" lists, or ./my-fix.js',
      'mainline',
    )
    .option('--bug <id>', 'takes the fix of a catalogued bug back; repeatable', collect('--bug'))
    .option('--seed <n>', 'everything random follows from it', seed)
    .option('--workers <n>', 'worker threads', integer('--workers', 1, WORKERS_MAX), 2)
    .option('--execs <n>', 'ends after so many executions', integer('--execs', 1, EXECS_MAX))
    .option('--time <t>', 'ends after so long: 30s, 10m, 2h', duration)
    .option(
      '--corpus <dir>',
      'where programs worth keeping go (default: corpora/KERNEL)',
      place('--corpus'),
    )
    .option('--crashes <dir>', 'where findings go (default: crashes/KERNEL)', place('--crashes'))
    .option(
      '--threads <n>',
      `threads of a program, at most (default: ${DEFAULT_GENERATE.threadsMax}, on a real kernel 1)`,
      integer('--threads', 1, THREADS_MAX),
    )
    .option(
      '--ops <n>',
      `operations of a program, at most (default: ${DEFAULT_GENERATE.opsMax}, exhaustive ${SWEEP_OPS})`,
      integer('--ops', 1, OPS_MAX),
    )
    .option(
      '--scheduler <name>',
      'random, pct, mixed; or exhaustive: all small programs under all schedules',
      oneOf<SchedulerName>('--scheduler', ['mixed', 'random', 'pct', 'exhaustive']),
      'mixed' as SchedulerName,
    )
    .option(
      '--domain <name>',
      'what a power failure spares: adr or eadr',
      oneOf('--domain', ['adr', 'eadr']),
      'adr',
    )
    .option(
      '--persistency <name>',
      'what persists in order: line or location',
      oneOf('--persistency', ['line', 'location']),
      'line',
    )
    .option(
      '--fs <name>',
      'file system; the model has ext4, xfs and xfs-reflink',
      oneOf('--fs', FILESYSTEM_NAMES),
      'ext4',
    )
    .option('--invariants', 'findings are also invariants of the running kernel that do not hold')
    .option('--marks', 'names the rare but legal branches of the model that no execution took')
    .option('--no-seeds', 'without the hand-written seed programs')
    .option('--no-minimize', 'files findings as they came; "daxfuzz minimize" does the rest later')
    .option('--no-guidance', 'keeps no program for what it shows: others are drawn afresh')
    .option('--resume', 'goes on from what --corpus and --crashes hold')
    .option('--stop-on-first', 'ends at the first finding')
    .option('--json', 'one JSON object on stdout at the end, nothing else there')
    .action(done(runCampaign));
  addExhaustiveFlags(run);
  addRealFlags(run);
}

function addExhaustiveFlags(run: Command): void {
  run
    .option(
      '--preemptions <n>',
      'exhaustive: preemptions of a schedule, at most (default: 2)',
      integer('--preemptions', 0, PREEMPTIONS_MAX),
    )
    .option('--programs <from..to>', 'exhaustive: only the programs with these numbers', range);
}

/** What only real kernels have (--kernel qemu:PATH). */
function addRealFlags(run: Command): void {
  run
    .option(
      '--deterministic [shift]',
      'real kernels: traces that repeat; the shift (0 to 10) decides how two threads race',
      integer('--deterministic', 0, ICOUNT_SHIFT_MAX),
    )
    .option(
      '--ignore-flush <symbol>',
      'real kernels: write-backs that this function issues count as not done',
      place('--ignore-flush'),
    )
    .option('--no-sector-atomic', 'real kernels: a 512-byte sector of a block write may be torn')
    .option('--block-atomic', 'real kernels: no block write is ever torn');
}

function addReproducerVerbs(program: Command, done: Done): void {
  program
    .command('replay')
    .description('re-executes one reproducer exactly; exit code 1 if the promise is broken again')
    .argument('<file>')
    .option('--kernel <spec>', 'another kernel than the recorded one')
    .option('--bug <id>', 'other bugs than the recorded ones; repeatable', collect('--bug'))
    .option('--image <out>', 'writes the device as the power failure left it', place('--image'))
    .option(
      '--files <dir>',
      'writes the files as a mount after the power failure shows them',
      place('--files'),
    )
    .option('--trace <out>', 'writes the event trace', place('--trace'))
    .option(
      '--workers <n>',
      'replays in so many threads at once and compares',
      integer('--workers', 1, WORKERS_MAX),
      1,
    )
    .option('--json', 'one JSON object on stdout')
    .action(done(replay));
  program
    .command('minimize')
    .description('the smallest reproducer with the same signature')
    .argument('<file>')
    .requiredOption('-o, --output <out>', 'where it goes', place('--output'))
    .action(done(minimizeFile));
  program
    .command('explain')
    .description('a finding for a human: interleaving, power cut, lost lines')
    .argument('<file>')
    .option(
      '--format <name>',
      'text, svg, html, or c: a stand-alone C program for a real kernel',
      oneOf<ExplainFormat>('--format', EXPLAIN_FORMATS),
      'text' as ExplainFormat,
    )
    .action(done(explain));
}

function addCompare(program: Command, done: Done): void {
  program
    .command('compare')
    .description('how often reproducers fail on each of several kernels; exit code 1 if any does')
    .argument('<paths...>', 'reproducers, or directories of them')
    .requiredOption('--kernel <spec>', 'a kernel; repeatable', repeated(place('--kernel')))
    .option(
      '--fs <name>',
      'another file system than the recorded one; repeatable',
      repeated(oneOf('--fs', FILESYSTEM_NAMES)),
    )
    .option('--times <n>', 'runs of each', integer('--times', 1, TIMES_MAX), 1)
    .option('--json', 'one JSON object on stdout')
    .action(done(compare));
}

function addValidate(program: Command, done: Done): void {
  program
    .command('validate')
    .description(
      'is the fix a fix: reproducers must fail before and hold after, and so must their neighbourhood',
    )
    .argument('<paths...>', 'reproducers, or directories of them')
    .requiredOption('--before <spec>', 'the kernel without the fix')
    .requiredOption('--after <spec>', 'the kernel with it')
    .option('--bug-before <id>', 'a bug of the kernel before; repeatable', collect('--bug-before'))
    .option('--bug-after <id>', 'a bug of the kernel after; repeatable', collect('--bug-after'))
    .option(
      '--execs <n>',
      'executions in the neighbourhood of each reproducer',
      integer('--execs', 1, EXECS_MAX),
      20_000,
    )
    .option('--seed <n>', 'everything random follows from it', seed, '1')
    .option(
      '--crashes <dir>',
      'where counter-examples go (default: crashes/KERNEL)',
      place('--crashes'),
    )
    .option('--json', 'one JSON object on stdout')
    .action(done(validate));
}

function addConformance(program: Command, done: Done): void {
  program
    .command('conformance')
    .description('does the model do what a kernel does? random programs of one thread on both')
    .requiredOption('--kernel <spec>', 'the kernel that is right: qemu:PATH, mostly')
    .option('--bug <id>', 'of a kernel of the model: takes a fix back', collect('--bug'))
    .option('--model <name>', "the model's kernel (default: the one nearest to the release)")
    .option('--fs <name>', 'file system', oneOf('--fs', FILESYSTEM_NAMES), 'ext4')
    .option('--programs <n>', 'how many', integer('--programs', 1, EXECS_MAX), 2000)
    .option('--ops <n>', 'operations of a program, at most', integer('--ops', OPS_MIN, OPS_MAX), 16)
    .option('--seed <n>', 'everything random follows from it', seed)
    .option('--no-minimize', 'leaves examples as they were met')
    .option('--json', 'one JSON object on stdout at the end, nothing else there')
    .action(done(conformance));
}

function addLitmus(program: Command, done: Done): void {
  program
    .command('litmus')
    .description(
      'persistency litmus tests: are the states after a crash exactly the expected ones?',
    )
    .argument('<path>', 'a file of tests, or a directory of such files')
    .option(
      '--persistency <name>',
      'only the sets where this persists in order: line or location',
      oneOf('--persistency', ['line', 'location']),
    )
    .option(
      '--domain <name>',
      'only the sets where a power failure spares this: adr or eadr',
      oneOf('--domain', ['adr', 'eadr']),
    )
    .option('--json', 'one JSON object on stdout')
    .action(done(litmus));
}

function addLists(program: Command, done: Done): void {
  program
    .command('kernels')
    .description('the kernels that the model knows')
    .option('--json', 'one JSON object on stdout')
    .action(done(listKernels));
  program
    .command('bugs')
    .description('the catalogue: bugs that can be switched on')
    .option('--json', 'one JSON object on stdout')
    .action(done(listBugs));
  program
    .command('doctor')
    .description('what works on this machine')
    .option('--json', 'one JSON object on stdout')
    .action(done(doctor));
}
