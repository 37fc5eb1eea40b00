/**
 * A limit on how long something may run, for code that is not ours: a loop without an end in a user's module
 * must not hang a campaign. Nothing but giving up follows from the clock.
 */
import vm from 'node:vm';

const sandbox: { body: () => void } = { body: () => undefined };
const CONTEXT = vm.createContext(sandbox);
const SCRIPT = new vm.Script('body()');

/**
 * Runs `body` and says whether it came to its end; after `limitMs` it is ended wherever it is. Costs a tenth
 * of a millisecond.
 */
export function runsWithin(limitMs: number, body: () => void): boolean {
  sandbox.body = body;
  try {
    SCRIPT.runInContext(CONTEXT, { timeout: limitMs });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException | null)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      throw error;
    }
    return false;
  }
}
