/**
 * The only place that writes to the terminal. Results go to stdout, all else to stderr, so that `--json`
 * leaves stdout to the one object that scripts parse.
 */
import Table from 'cli-table3';

export function out(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

export function err(text: string): void {
  process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
}

export function printJson(value: unknown): void {
  out(JSON.stringify(value, null, 2));
}

/** A table without colours or boxes: it is read in terminals and pasted into mails. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const blank = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '' };
  const grid = new Table({
    head: [...head],
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: {
      ...blank,
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '',
    },
  });
  for (const row of rows) grid.push([...row]);
  return `${grid
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}

/** 1234567 as 1,234,567. */
export function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

export function plural(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`;
  return `${thousands(count)} ${noun}${noun.endsWith('ch') ? 'es' : 's'}`;
}
