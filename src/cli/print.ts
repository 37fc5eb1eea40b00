/**
 * The only place that writes to the terminal. Results go to stdout, all else to stderr, so that `--json`
 * leaves stdout to the one object that scripts parse.
 */
import Table from 'cli-table3';

/** Controls of the terminal but the newline, and those that turn the direction of text. */
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
const MESSAGE_LENGTH_MAX = 1000;

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * File names and files are other people's texts: what would act on the terminal is shown instead, in the
 * spelling of JSON, which leaves JSON the same value.
 */
function harmless(text: string): string {
  return text.replace(CONTROLS, escaped);
}

/** A message that quotes such texts, as one line of bearable length. */
export function oneLine(text: string): string {
  const line = harmless(text.trimEnd()).replaceAll('\n', '\\u000a');
  if (line.length <= MESSAGE_LENGTH_MAX) return line;
  // The end says how to mend it.
  return `${line.slice(0, MESSAGE_LENGTH_MAX * 0.7)} ... ${line.slice(-MESSAGE_LENGTH_MAX * 0.3)}`;
}

export function out(text: string): void {
  process.stdout.write(harmless(text.endsWith('\n') ? text : `${text}\n`));
}

export function err(text: string): void {
  process.stderr.write(harmless(text.endsWith('\n') ? text : `${text}\n`));
}

/** Makes room for a line where a progress bar is. */
export function clearLine(): void {
  process.stderr.write('\r\x1b[K');
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
