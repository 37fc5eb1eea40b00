/** A small file of litmus tests, for tests of the verb. */
import fs from 'node:fs';
import path from 'node:path';

/**
 * A file of two tests of one store: one has a set of eADR only, the other expects a 2 where a 1 is left, and
 * has a set that nobody knows. Gives its name in the directory.
 */
export function writeLitmusExample(directory: string): string {
  const threads = [[{ op: 'store', loc: 'x', val: 1 }]];
  const program = { lines: [['x']], init: { x: 0 }, threads };
  const wrong = { allowed: [{ x: 0 }, { x: 2 }] };
  const tests = [
    { ...program, name: 'eadr', post_crash_eadr: { allowed: [{ x: 0 }, { x: 1 }] } },
    { ...program, name: 'wrong', post_crash: wrong, post_crash_on_mars: wrong },
  ];
  fs.writeFileSync(path.join(directory, 'litmus.json'), JSON.stringify(tests));
  return 'litmus.json';
}
