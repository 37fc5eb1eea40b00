/** Marks: that they say what an execution did, and stand where the model's rare branches are. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { MARKS, marksFor } from '../../src/kernel/marks.js';
import { POINT_NAMES } from '../../src/kernel/points.js';
import { lineOf, runProgram } from '../helpers/lines.js';
import { parseProgram } from '../../src/program/text.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import { Prng } from '../../src/support/prng.js';
import { filesBelow, ROOT } from '../helpers/temporary.js';

const line = lineOf();

function marksOf(text: string): string[] {
  const scheduler = new RandomScheduler(Prng.fromSeed(1n));
  const { execution } = runProgram(line, parseProgram(text), scheduler);
  return execution.marks.map((mark) => line.target.marks[mark]?.name ?? '?');
}

describe('marks', () => {
  const beyond = 'file a pages 4 allocated 4\n t0: f0 = open("a")\n';

  test('are those of the branches that the execution took, each once', () => {
    const huge = `${beyond} t0: m0 = mmap(f0, pages 0..8, MAP_SHARED)\n`;
    const marks = marksOf(`${huge} t0: load(m0, 0x5000, 8)\n t0: load(m0, 0x6000, 8)`);
    assert.deepEqual(marks, ['dax_iomap_pmd_fault:beyond_eof']);
  });

  test('are forgotten by the next execution', () => {
    assert.deepEqual(marksOf(beyond), []);
  });

  test('have one name each, and every wait is among them', () => {
    const names = MARKS.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    const waits = POINT_NAMES.filter((name) => name.startsWith('wait:') && name !== 'wait:variant');
    assert.deepEqual(
      names.filter((name) => name.startsWith('wait:')),
      waits,
    );
  });

  test('of shared blocks belong to the file system that has them', () => {
    const plain = marksFor(false);
    assert.ok(plain.length < marksFor(true).length);
    assert.deepEqual(
      plain.filter(({ name }) => name.startsWith('xfs_')),
      [],
    );
  });

  test('stand somewhere in the model, and only where the list has them', () => {
    const kernel = path.join(ROOT, 'src', 'kernel');
    const source = filesBelow(kernel)
      .filter((file) => file.endsWith('.ts') && file !== 'marks.ts')
      .map((file) => fs.readFileSync(path.join(kernel, file), 'utf8'))
      .join('');
    const used = new Set([...source.matchAll(/MARK\[[^\]]*\]/g)].map(([text]) => text));
    const unused = MARKS.filter(({ name }) => {
      if (name.startsWith('wait:')) return false;
      const [head = ''] = name.split(':');
      return ![...used].some(
        (text) => text.includes(`'${name}'`) || text.includes(`\`${head}:\${`),
      );
    });
    assert.deepEqual(unused, []);
  });
});
