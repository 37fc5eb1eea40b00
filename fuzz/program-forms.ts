/** Any bytes are a program; its byte form and its text form lead back to it. */
import { isDeepStrictEqual } from 'node:util';
import { parseProgram, printProgram } from '../src/program/text.js';
import { checkProgram } from '../src/program/validate.js';
import { decodeProgram, encodeProgram } from '../src/program/wire.js';
import { assert } from '../src/support/assert.js';

export function fuzz(bytes: Uint8Array): void {
  const program = decodeProgram(bytes);
  checkProgram(program);
  const fromBytes = decodeProgram(encodeProgram(program));
  assert(isDeepStrictEqual(program, fromBytes), 'an encoded program decodes to something else');
  const text = printProgram(program);
  const fromText = parseProgram(text);
  assert(isDeepStrictEqual(program, fromText), 'a printed program parses to something else');
  assert(printProgram(fromText) === text, 'the canonical text is not a fixed point');
}
