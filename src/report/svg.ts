/**
 * A finding as a drawing: one lane per thread, each operation a box from its call to its return, an arrow
 * where another thread goes on, and the power cut below it all. It needs nothing but itself.
 */
import type { Finding } from '../finding/finding.js';
import { titleOf } from '../finding/finding.js';
import type { Trace } from '../trace/trace.js';
import { lostLines } from './lost.js';
import { escapeMarkup, ruleText, taskTitle } from './names.js';
import type { ReportOptions } from './report.js';
import { endLabel, fieldsOf, sentence, WIDTH } from './report.js';
import type { Step } from './timeline.js';
import { columnsOf, timelineSteps, wrap } from './timeline.js';

/** Pixels. The width of a character is what monospaced fonts of that size take at most. */
const FONT = 12;
const CHARACTER = 7.5;
const ROW = 17;
const PAD = 8;
const LANE_GAP = 2 * PAD;
const BAR = 26;

interface Drawing {
  readonly body: string;
  readonly width: number;
  readonly height: number;
}

/** A row of text, with the step that it starts, if it does. */
interface Row {
  readonly step: Step;
  readonly text: string;
  readonly first: boolean;
}

export function printSvg(finding: Finding, trace: Trace, options: ReportOptions): string {
  const { violation } = finding;
  const head = [
    ...paragraph(titleOf(violation)),
    '',
    ...fieldsOf(finding, options.file).map(([name, value]) => `${`${name}:`.padEnd(13)} ${value}`),
    '',
    ...paragraph(ruleText(violation)),
    ...paragraph(sentence(finding, trace)),
  ];
  const lost = lostLines(finding, trace);
  const drawing = drawTimeline(finding, trace, options.pointNames);
  const top = textBlock(head, PAD, PAD);
  const under = PAD + head.length * ROW + ROW;
  const tail = textBlock(
    lost.length === 0 ? [] : ['Lost:', ...lost.map((line) => `  ${line}`)],
    PAD,
    under + drawing.height + ROW,
  );
  const longest = Math.max(...[...head, ...lost].map((line) => line.length + 2));
  const width = Math.max(drawing.width, Math.ceil(longest * CHARACTER)) + 2 * PAD;
  const height = under + drawing.height + ROW * (lost.length + 2) + PAD;
  const body = `${top}<g transform="translate(${PAD} ${under})">\n${drawing.body}</g>\n${tail}`;
  return svg({ body, width, height }, titleOf(violation));
}

/** The interleaving alone, for a page that says the rest. */
export function timelineSvg(finding: Finding, trace: Trace, pointNames: readonly string[]): string {
  return svg(drawTimeline(finding, trace, pointNames), 'the interleaving');
}

function svg({ body, width, height }: Drawing, title: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="monospace" font-size="${FONT}" fill="#1a1a1a">
<title>${escapeMarkup(title)}</title>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#b35900"/></marker></defs>
<rect width="${width}" height="${height}" fill="#ffffff"/>
${body}</svg>
`;
}

const paragraph = (text: string): string[] => wrap(text, WIDTH).map((line) => line.trimStart());

function textBlock(lines: readonly string[], x: number, y: number): string {
  return lines.map((line, row) => textAt(line, x, y + (row + 1) * ROW)).join('');
}

/** Two spaces and more are an offset, since viewers make one of them. */
function textAt(text: string, x: number, y: number, style = ''): string {
  return [...text.matchAll(/\S+(?: \S+)*/g)]
    .map(({ index, 0: words }) => {
      const left = x + index * CHARACTER;
      return `<text x="${left}" y="${y - 5}"${style}>${escapeMarkup(words)}</text>\n`;
    })
    .join('');
}

function drawTimeline(finding: Finding, trace: Trace, pointNames: readonly string[]): Drawing {
  const { program, violation } = finding;
  const options = { pointNames, until: violation.event, width: WIDTH };
  const steps = timelineSteps(program, trace, options);
  const { tasks, width: characters } = columnsOf(steps, WIDTH);
  const lane = Math.ceil(characters * CHARACTER) + 2 * PAD;
  const rows: Row[] = steps.flatMap((step) =>
    wrap(step.text, characters).map((text, index) => ({ step, text, first: index === 0 })),
  );
  const left = (task: number): number => tasks.indexOf(task) * (lane + LANE_GAP);
  const top = (row: number): number => (row + 2) * ROW;
  const width = tasks.length * (lane + LANE_GAP) - LANE_GAP;
  const bar = top(rows.length) + PAD;
  const body = [
    ...tasks.map(
      (task) =>
        `<rect x="${left(task)}" y="0" width="${lane}" height="${bar}" fill="#f5f7fa"/>\n` +
        textAt(taskTitle(task), left(task) + PAD, ROW + 2, ' font-weight="bold"'),
    ),
    ...boxesOf(rows).map(
      ({ task, from, to }) =>
        `<rect x="${left(task) + 2}" y="${top(from) + 1}" width="${lane - 4}" height="${(to - from + 1) * ROW - 2}" rx="3" fill="#ffffff" stroke="#8aa0b8"/>\n`,
    ),
    ...rows.map(({ step, text }, row) => {
      const style = step.role === 'switch' ? ' fill="#b35900"' : '';
      return textAt(text, left(step.task) + PAD, top(row + 1), style);
    }),
    ...arrowsOf(rows).map(([from, to]) => {
      const [a, b] = [(rows[from] as Row).step.task, (rows[to] as Row).step.task];
      const right = left(b) > left(a);
      const [x1, x2] = right ? [left(a) + lane - 4, left(b)] : [left(a) + 2, left(b) + lane];
      const [y1, y2] = [top(from) + ROW / 2, top(to) + ROW / 2];
      return `<path d="M${x1} ${y1}L${x2} ${y2}" stroke="#b35900" fill="none" marker-end="url(#head)"/>\n`;
    }),
    `<rect x="0" y="${bar}" width="${width}" height="${BAR}" fill="#b00020"/>\n`,
    `<text x="${width / 2}" y="${bar + 17}" text-anchor="middle" fill="#ffffff" font-weight="bold">${endLabel(violation)}</text>\n`,
  ].join('');
  return { body, width, height: bar + BAR };
}

/** The rows of each operation: to its return, or to the end if it did not return. */
function boxesOf(rows: readonly Row[]): { task: number; from: number; to: number }[] {
  const boxes: { task: number; from: number; to: number }[] = [];
  const open = new Map<number, number>();
  rows.forEach(({ step, first }, row) => {
    const { task, role } = step;
    if (first && (role === 'enter' || role === 'whole')) {
      open.set(task, boxes.length);
      boxes.push({ task, from: row, to: row });
    }
    const box = boxes[open.get(task) ?? -1];
    if (box !== undefined) box.to = row;
    const ends = rows[row + 1]?.step !== step && (role === 'exit' || role === 'whole');
    if (ends) open.delete(task);
  });
  return boxes;
}

/** From the last row of a step to the first row of the next, where that is another task's. */
function arrowsOf(rows: readonly Row[]): [number, number][] {
  const arrows: [number, number][] = [];
  rows.forEach(({ step }, row) => {
    const next = rows[row + 1];
    // Calls that had not returned are told at the end; nobody goes there.
    if (next === undefined || next.step.role === 'unfinished') return;
    if (next.step.task !== step.task) arrows.push([row, row + 1]);
  });
  return arrows;
}
