/** A finding as one page, which loads nothing and runs no script: what the text says, around the drawing. */
import type { Finding } from '../finding/finding.js';
import { titleOf } from '../finding/finding.js';
import { printProgram } from '../program/text.js';
import { printSchedule } from '../schedule/text.js';
import type { Trace } from '../trace/trace.js';
import { lostLines } from './lost.js';
import { escapeMarkup, ruleText } from './names.js';
import type { ReportOptions } from './report.js';
import { fieldsOf, sentence } from './report.js';
import { timelineSvg } from './svg.js';

const STYLE = `body { font-family: sans-serif; color: #1a1a1a; background: #ffffff; margin: 2em; max-width: 70em; }
h1 { font-size: 1.3em; }
h2 { font-size: 1.1em; margin-top: 1.6em; }
th { text-align: left; padding-right: 1.5em; font-weight: normal; color: #555555; }
pre, td { font-family: monospace; }
pre, .drawing { overflow-x: auto; }`;

export function printHtml(finding: Finding, trace: Trace, options: ReportOptions): string {
  const { program, schedule, violation } = finding;
  const { pointNames, file } = options;
  const title = escapeMarkup(titleOf(violation));
  const fields = fieldsOf(finding, file)
    .map(
      ([name, value]) => `<tr><th>${escapeMarkup(name)}</th><td>${escapeMarkup(value)}</td></tr>\n`,
    )
    .join('');
  const lost = lostLines(finding, trace);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>
${STYLE}
</style>
</head>
<body>
<h1>${title}</h1>
<table>
${fields}</table>
<p>${escapeMarkup(ruleText(violation))}</p>
<p>${escapeMarkup(sentence(finding, trace))}</p>
<div class="drawing">
${timelineSvg(finding, trace, pointNames)}</div>
${lost.length === 0 ? '' : section('Lost', lost.join('\n'))}${section('Program', printProgram(program))}${section('Schedule', printSchedule(schedule, pointNames))}${file === null ? '' : section('Replay', `npx daxfuzz replay ${file}`)}</body>
</html>
`;
}

const section = (title: string, text: string): string =>
  `<h2>${title}</h2>\n<pre>${escapeMarkup(text.trimEnd())}</pre>\n`;
