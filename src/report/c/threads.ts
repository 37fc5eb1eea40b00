/** The operations of each thread as C functions, in program order. */
import { fillOf } from '../../program/program.js';
import { printOp } from '../../program/text.js';
import type { CProgram } from './form.js';
import { openingOf, threadOf } from './form.js';
import { callOf, isLeftOut } from './operations.js';
import type { Turn } from './order.js';

function operationText(c: CProgram, { number, op }: Turn): string {
  const call = isLeftOut(op) ? '0' : callOf(op, fillOf(number), c.finding.program.geometry);
  const note = isLeftOut(op) ? '; left out' : '';
  const said = `/* ${printOp(op)}${note} */`;
  if (!c.ordered) return `    ${said}\n    report(${number}, ${call});\n`;
  return `    ${said}\n    begin(${number});\n    end(${number}, ${call});\n`;
}

/** Thread 0 alone, as far as it opens and maps what the others use; then a function for each thread. */
export function threadsText(c: CProgram): string {
  const { program } = c.finding;
  const opening = openingOf(c);
  const texts: string[] = [];
  if (opening.length > 0) {
    const body = opening.map((turn) => operationText(c, turn)).join('');
    texts.push(`static void opening(void)\n{\n${body}}\n`);
  }
  program.threads.forEach((_, thread) => {
    const turns = threadOf(c, thread);
    if (turns.length === 0) return;
    const body = turns.map((turn) => operationText(c, turn)).join('');
    texts.push(
      `static void *thread_${thread}(void *unused)\n{\n    (void)unused;\n${body}    return NULL;\n}\n`,
    );
  });
  return texts.join('\n');
}
