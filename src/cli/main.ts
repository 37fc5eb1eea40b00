#!/usr/bin/env node
/**
 * The command line. Every error ends here, as one message on stderr and the exit code that the contract
 * names.
 */
import { CommanderError } from 'commander';
import { Defect, EnvironmentError, messageOf, UsageError } from '../support/assert.js';
import { buildProgram } from './commands.js';
import { err } from './print.js';

/** One message, and the exit code of its class. */
function fail(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0; // help or version was shown
    const message = error.message.replace(/^error: /, '').replace(/\n/g, ' ');
    err(`daxfuzz: ${message}; see "daxfuzz --help"`);
    return UsageError.exitCode;
  }
  if (error instanceof UsageError || error instanceof EnvironmentError) {
    err(`daxfuzz: ${error.message}`);
    return error instanceof UsageError ? UsageError.exitCode : EnvironmentError.exitCode;
  }
  err(`daxfuzz: BUG: ${messageOf(error)}`);
  if (!(error instanceof Defect) && error instanceof Error) err(error.stack ?? '');
  err('This is a defect of daxfuzz, please report it with the command line above.');
  return Defect.exitCode;
}

async function main(): Promise<void> {
  let exitCode = 0;
  const program = buildProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(process.argv);
  } catch (error) {
    exitCode = fail(error);
  }
  process.exitCode = exitCode;
}

void main();
