/** The SVG and HTML forms of findings: well-formed, complete, and harmless whatever a file is called. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BUGS } from '../../src/kernel/bugs.js';
import type { Recorded } from '../../src/minimize/record.js';
import { opAt } from '../../src/program/program.js';
import { printOp } from '../../src/program/text.js';
import { printHtml } from '../../src/report/html.js';
import { printSvg } from '../../src/report/svg.js';
import { assert as check } from '../../src/support/assert.js';
import { VERSION } from '../../src/support/version.js';
import { assertGolden } from '../helpers/golden.js';
import { eventsOf, lineOf } from '../helpers/lines.js';
import { recorded } from './catalogue.js';

const FILE = 'crashes/example/finding.json';
const HOSTILE = '"><script>alert(1)</script>&amp;';
const { pointNames } = lineOf().target;

const FORMS = { svg: printSvg, html: printHtml } as const;

function printed(form: keyof typeof FORMS, { finding, trace }: Recorded, file = FILE): string {
  return FORMS[form](finding, trace, { pointNames, file });
}

/** Elements of HTML that have no end. */
const VOID = new Set(['meta', '!DOCTYPE']);
const TOKEN = /<(\/?)([!\w]+)((?:\s+[\w:-]+(?:="[^"<>]*")?)*)\s*(\/?)>|[^<>]+|[<>]/g;

/** Fails where tags do not nest, or where a text or attribute holds what it must not. */
function assertNests(markup: string): void {
  const open: string[] = [];
  for (const [token, ends, name, , closes] of markup.matchAll(TOKEN)) {
    assert.ok(token !== '<' && token !== '>', `a loose ${token} in ${markup}`);
    if (name === undefined) {
      assert.doesNotMatch(token, /&(?!(amp|lt|gt|quot);)/, 'a loose &');
    } else if (ends === '/') {
      assert.equal(name, open.pop(), `an end of ${name}`);
    } else if (closes === '' && !VOID.has(name)) {
      open.push(name);
    }
  }
  assert.deepEqual(open, [], 'elements without an end');
}

const unescaped = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');

describe('the drawing', () => {
  test('reads as its golden file', () => {
    const text = printed('svg', recorded('A2'));
    assertGolden('report-two-fsyncs.svg', text.replace(`>${VERSION}<`, '>VERSION<'));
  });

  for (const { id, slug } of BUGS) {
    test(`of ${id}, ${slug}, has a box for each operation, in the lane of its thread`, () => {
      const found = recorded(id);
      const { program, violation } = found.finding;
      const text = unescaped(printed('svg', found));
      const entered = eventsOf(found.trace, 'op_enter').filter((event) => event <= violation.event);
      assert.equal(text.match(/<rect [^>]*rx="3"/g)?.length, entered.length);
      const lane = (title: string): string => {
        const titled = new RegExp(`<text x="([\\d.]+)" y="\\d+" font-weight="bold">${title}<`);
        return titled.exec(text)?.[1] ?? 'nowhere';
      };
      for (const event of entered) {
        const op = opAt(program, found.trace.op(event));
        check(op !== null, 'operations of the trace are of the program');
        // Long calls go on in the next line.
        const start = `>${found.trace.op(event)}: ${printOp(op)}`.slice(0, 20);
        const at = text.split('\n').find((line) => line.includes(start));
        const x = lane(`thread ${found.trace.task(event)}`);
        assert.equal(/^<text x="([\d.]+)"/.exec(at ?? '')?.[1], x, start);
      }
    });
  }

  test('has an arrow for each switch to another thread', () => {
    const arrows = (id: string): number =>
      printed('svg', recorded(id)).match(/marker-end/g)?.length ?? 0;
    assert.deepEqual([arrows('B07'), arrows('A2'), arrows('L08')], [0, 1, 2]);
  });

  test('ends with the power cut, or with what else is wrong', () => {
    assert.match(printed('svg', recorded('A2')), />POWER FAILS</);
    assert.match(printed('svg', recorded('A9')), />STILL PINNED</);
    assert.match(printed('svg', recorded('L06')), />WRONG</);
  });
});

for (const form of ['svg', 'html'] as const) {
  test(`the ${form} form of every catalogued finding nests, runs nothing and loads nothing`, () => {
    for (const { id } of BUGS) {
      const text = printed(form, recorded(id));
      assertNests(text);
      assert.doesNotMatch(text, /<script|<image|<link|\bon\w+=|href=|url\((?!#)|@import/);
      assert.match(text, /^[\n\x20-\x7e]*$/, 'printable ASCII');
    }
  });

  test(`the ${form} form shows a file name as text, whatever it is`, () => {
    const text = printed(form, recorded('A2'), HOSTILE);
    assertNests(text);
    assert.ok(!text.includes('<script'));
    assert.ok(unescaped(text).includes(HOSTILE));
  });
}

test('the page says what the text says: fields, losses, program, schedule, replay', () => {
  const found = recorded('A2');
  const page = unescaped(printed('html', found));
  for (const part of [
    found.finding.traceHash,
    'P3 towrite-taken (looks like A2, B04, L01)',
    'cache line 0x4000: nothing of it reached media; lost:',
    't0: store(m0, 0x0, 1)',
    't0 op 3 at dax_writeback_one:flushed #1 -> t1',
    `npx daxfuzz replay ${FILE}`,
    '<svg ',
  ]) {
    assert.ok(page.includes(part), part);
  }
});
