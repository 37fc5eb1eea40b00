/** The end of the C text: the run, what it says afterwards, the check, and main. */
import type { Turn } from './order.js';
import { FILE_NAMES } from '../../program/program.js';
import { specOf } from '../../program/op.js';
import { invariantOf } from '../../oracle/invariant-names.js';
import { PROMISES } from '../../oracle/promise.js';
import type { CProgram } from './form.js';
import { openingOf, threadOf } from './form.js';
import { ruleText } from '../names.js';
import {
  CATCH_FAULTS,
  CHECK_BYTES,
  CHECK_NEW_MAPPINGS,
  CHECK_OLD_MAPPINGS,
  CHECK_SIZE,
  SAME_BYTES,
} from './runtime.js';

export function mainText(c: CProgram): string {
  return [comparisonsText(c), runText(c), afterText(c), checkText(c), entryText(c)]
    .filter((text) => text !== '')
    .join('\n');
}

/** What the check, and for P1 the run, compares with. */
function comparisonsText({ expected, promise }: CProgram): string {
  const texts = [
    expected.bytes.length > 0 ? CHECK_BYTES : '',
    expected.size !== null ? CHECK_SIZE : '',
    promise === 'P1' ? [SAME_BYTES, CHECK_OLD_MAPPINGS, CHECK_NEW_MAPPINGS].join('\n') : '',
  ];
  return texts.filter((text) => text !== '').join('\n');
}

function runText(c: CProgram): string {
  const threads = c.finding.program.threads.flatMap((_, thread) =>
    threadOf(c, thread).length > 0 ? [`thread_${thread}`] : [],
  );
  const opening = openingOf(c).length > 0 ? '    opening();\n' : '';
  const started =
    threads.length === 0
      ? ''
      : `    void *(*const bodies[])(void *) = { ${threads.join(', ')} };
    pthread_t threads[${threads.length}];
    for (int i = 0; i < ${threads.length}; i++)
        if (pthread_create(&threads[i], NULL, bodies[i], NULL) != 0)
            give_up("pthread_create");
    for (int i = 0; i < ${threads.length}; i++)
        pthread_join(threads[i], NULL);
`;
  return `static void run(void)
{
${opening}${started}}
`;
}

const say = (text: string): string => `    printf("%s\\n", ${JSON.stringify(text)});\n`;

/** What is known when all operations have returned. */
function afterText(c: CProgram): string {
  const { finding, turns, promise, expected } = c;
  const maker = turns.find(({ number }) => number === finding.violation.op);
  const invariant = invariantOf(finding.violation.mechanism);
  const rule =
    invariant === null ? `promise ${promise}: ${PROMISES[promise]}` : ruleText(finding.violation);
  const said = say('') + say(rule);
  if (promise === 'P1') {
    return `static int after_run(void)
{
${said}    int verdict = check_old_mappings();
    printf("%s\\n", verdict == KEPT ? "kept" : "broken");
    return verdict;
}
`;
  }
  const lines = [said, maker === undefined ? '' : say(makerText(c, maker))];
  if (hasCheck(c)) {
    lines.push(say('after a power failure the files must hold, and --check reads:'));
    if (expected.bytes.length > 0) {
      lines.push(
        '    for (size_t i = 0; i < sizeof EXPECTED / sizeof EXPECTED[0]; i++)\n        print_place(&EXPECTED[i]);\n',
      );
    }
    if (expected.size !== null) lines.push(sizeText(expected.size.ino));
  } else {
    lines.push(say(nothingText(c)));
  }
  return `static int after_run(void)\n{\n${lines.join('')}    return 0;\n}\n`;
}

function makerText({ promise }: CProgram, { number, thread, op }: Turn): string {
  const call = `operation ${number} of thread ${thread}, ${specOf(op.code).name}`;
  const makes = ['P3', 'P4', 'P5', 'P6', 'P8'].includes(promise);
  return makes ? `made by ${call}, when it returned 0` : `broken in the witness by ${call}`;
}

const sizeText = (ino: number): string =>
  `    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++)
        printf("daxfuzz-${FILE_NAMES[ino] ?? ino}, size: 0x%lx\\n", (unsigned long)SIZES[i]);
`;

const hasCheck = ({ expected, promise }: CProgram): boolean =>
  promise === 'P1' || expected.bytes.length > 0 || expected.size !== null;

/** Why --check reads nothing. */
function nothingText({ finding, promise }: CProgram): string {
  if (invariantOf(finding.violation.mechanism) !== null)
    return 'nothing to check: only the kernel itself can look at an invariant';
  if (promise === 'P0') return 'to check: that it mounts, and that fsck finds nothing wrong';
  if (promise === 'P13') return 'nothing to check: this needs a device that holds the pages';
  if (promise === 'P15') return 'nothing to check: this needs memory that has gone bad';
  return 'nothing to check: no operation of this program writes what was lost';
}

function checkText(c: CProgram): string {
  if (!hasCheck(c)) {
    return `static int check(void)\n{\n${say(nothingText(c))}    return KEPT;\n}\n`;
  }
  const checks = [
    c.promise === 'P1' ? 'check_new_mappings()' : '',
    c.expected.bytes.length > 0 ? 'check_all_bytes()' : '',
    c.expected.size !== null ? 'check_size()' : '',
  ].filter((text) => text !== '');
  return `static int check(void)
{
    int verdict = ${checks.join(' | ')};
    printf("promise ${c.promise} %s\\n", verdict == KEPT ? "kept" : "broken");
    return verdict;
}
`;
}

/** Far more than any run takes that is not stuck. */
const STUCK_SECONDS = 60;

const entryText = ({ parts, promise }: CProgram): string => `static void on_alarm(int number)
{
    static const char message[] = "stuck: the operations wait for each other unlike in the witness\\n";
    (void)number;
    if (write(STDERR_FILENO, message, sizeof message - 1) < 0)
        _exit(WENT_ANOTHER_WAY);
    _exit(WENT_ANOTHER_WAY);
}

int main(int count, char **words)
{
    int checks = count == 3 && strcmp(words[2], "--check") == 0;
    if (count != 2 && !checks) {
        fprintf(stderr, "usage: %s DIR [--check]\\n", words[0]);
        return WRONG_USAGE;
    }
    if (chdir(words[1]) != 0)
        give_up(words[1]);
    setvbuf(stdout, NULL, _IOLBF, 0);
${parts.has('guard') ? CATCH_FAULTS : ''}    if (checks)
        return check();
    long page = getpagesize();
    if (AT(PAGE) % page != 0) {
        fprintf(stderr, "pages have %ld bytes here: compile with -DSCALE=%ld\\n", page, page / PAGE);
        return WRONG_USAGE;
    }
    if (AT(PAGE) != page)
        printf("warning: a page of the program is %ld pages here\\n", AT(PAGE) / page);
    signal(SIGALRM, on_alarm);
    alarm(${STUCK_SECONDS});
${promise === 'P9' ? '    leave_stale_bytes();\n' : ''}    prepare_all();
    run();
    return after_run();
}
`;
