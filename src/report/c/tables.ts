/** The definitions and tables of the C text: sizes, files, operations, and what is expected of the files. */
import { FILE_NAMES, STALE_BYTE } from '../../program/program.js';
import type { Program } from '../../program/program.js';
import { printOp } from '../../program/text.js';
import { hex } from '../../support/units.js';
import type { CProgram } from './form.js';
import { at } from './operations.js';

export function geometryText({ finding, promise }: CProgram): string {
  const { pageSize, pmdPages, filePagesMax, blockCount } = finding.program.geometry;
  const stale =
    promise === 'P9'
      ? `#define STALE_BYTE ${hex(STALE_BYTE)}\n#define STALE_BYTES (${blockCount} * AT(PAGE))\n`
      : '';
  return `#define PAGE ${pageSize}L
#define FILE_PAGES ${filePagesMax}
#ifndef SCALE
#define SCALE 1
#endif
/* An offset of the program as an offset of the file: its pages are SCALE times as large here. */
#define AT(byte) ((byte) / PAGE * PAGE * SCALE + (byte) % PAGE)
#define PMD (${pmdPages} * AT(PAGE))
${stale}`;
}

const fileEntry = (program: Program, ino: number): string => {
  const { pageSize } = program.geometry;
  const { pages, allocated } = program.files[ino] as Program['files'][number];
  const name = `daxfuzz-${FILE_NAMES[ino] ?? ino}`;
  return `    { "${name}", ${at(pages * pageSize)}, ${at(allocated * pageSize)} },\n`;
};

export function tableText({ finding, turns, expected, ordered }: CProgram): string {
  const { program } = finding;
  const files = program.files.map((_, ino) => fileEntry(program, ino)).join('');
  const order = ordered
    ? `    int place;          /* operations that begin before this one */
    int after[THREADS]; /* of each thread, operations that return before it begins */
`
    : '';
  const rows = turns.map(({ number, thread, op, result, after }, place) => {
    const text = JSON.stringify(printOp(op));
    const fails = result !== null && result < 0 ? 1 : 0;
    const ordering = ordered ? `, ${place}, { ${after.join(', ')} }` : '';
    return `    [${number}] = { ${text}, ${thread}, ${fails}${ordering} },\n`;
  });
  const values = Math.max(1, ...expected.bytes.map((bytes) => bytes.values.length));
  const bytes = expected.bytes.map(
    (b) =>
      `    { ${b.ino}, ${at(b.from)}, ${at(b.to)}, ${b.values.length}, { ${b.values.map(hex).join(', ')} } },\n`,
  );
  return `${ordered ? `#define THREADS ${program.threads.length}\n\n` : ''}static const struct file {
    const char *name;
    long size;
    long allocated; /* leading bytes that have blocks; the rest is a hole */
} FILES[] = {
${files}};

/* By their numbers in the report. */
static const struct operation {
    const char *text;
    int thread;
    int fails; /* in the witness */
${order}} OPERATIONS[] = {
${rows.join('')}};
${
  bytes.length === 0
    ? ''
    : `
/* What the promise leaves of each byte of a range: any of so many values. */
static const struct expected {
    int file;
    long from;
    long to;
    int count;
    unsigned char values[${values}];
} EXPECTED[] = {
${bytes.join('')}};
`
}${
    expected.size === null
      ? ''
      : `
#define SIZED_FILE ${expected.size.ino}
static const long SIZES[] = { ${expected.size.values.map(at).join(', ')} };
`
  }`;
}
