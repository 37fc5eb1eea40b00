#!/usr/bin/env node
/**
 * The command line. Every error ends here, as one message on stderr and the exit code that the contract
 * names.
 */
import { CommanderError } from 'commander';
import { Defect, EnvironmentError, messageOf, UsageError } from '../support/assert.js';
import { buildProgram } from './commands.js';
import { err, oneLine } from './print.js';

/** One message, and the exit code of its class. */
function fail(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0; // help or version was shown
    const message = error.message.replace(/^error: /, '');
    const what = error.code === 'commander.help' ? 'which verb?' : `${message};`;
    err(oneLine(`daxfuzz: ${what} see "daxfuzz --help"`));
    return UsageError.exitCode;
  }
  if (error instanceof UsageError || error instanceof EnvironmentError) {
    err(oneLine(`daxfuzz: ${error.message}`));
    if (error instanceof UsageError && error.details !== '') err(error.details);
    return error instanceof UsageError ? UsageError.exitCode : EnvironmentError.exitCode;
  }
  err(`daxfuzz: BUG: ${messageOf(error)}`);
  if (!(error instanceof Defect) && error instanceof Error) err(error.stack ?? '');
  err('This is a defect of daxfuzz: please report it with the command that you gave.');
  return Defect.exitCode;
}

/** Set when the results could not be printed. */
let outputLost = false;

/** Without a listener, a full disk behind stdout or a closed pipe would end us with a stack trace. */
function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return; // whoever read it has seen enough
    err(oneLine(`daxfuzz: cannot write to stdout: ${error.message}; free some space`));
    outputLost = true;
    process.exitCode = EnvironmentError.exitCode;
  });
  process.stderr.on('error', () => undefined); // nobody left to tell
}

async function main(): Promise<void> {
  let exitCode = 0;
  watchOutput();
  const program = buildProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(process.argv);
  } catch (error) {
    exitCode = fail(error);
  }
  if (!outputLost) process.exitCode = exitCode;
}

void main();
