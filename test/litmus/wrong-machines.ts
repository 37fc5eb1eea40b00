/**
 * Mistakes that a persistency machine can make, as options of the view machine: what each of them believes.
 * Numbers are those of "What implementers get wrong" (px86.md section 9) where there is one.
 *
 * Not here, because no litmus test can tell: store buffers that survive a crash with eADR. Where a thread's
 * stores are still buffered at the crash, the same memory is visible in a run that stops that thread before
 * the first of them, as nothing younger of it is visible either. Non-temporal stores break that argument.
 */
export const WRONG_MACHINES = {
  // Weak flushes: clflushopt and clwb.
  'weak-flush-is-never-early': '(1) a clwb waits for older stores to other lines',
  'weak-flush-completes-at-once': '(1) a clwb is durable without a fence',
  'weak-flush-passes-older-loads': 'a clwb may run before an older load (the letter of the manual)',
  'weak-flush-passes-older-sfence': 'a clwb may run before an older sfence',
  'weak-flush-snapshot-at-fence': 'a clwb writes back what the line holds at the fence',
  // clflush.
  'clflush-is-weak': 'a clflush needs a fence, like clwb',
  'clflush-completes-weak-flushes': '(2) a clflush is a fence for older clwb of other lines',
  'clflush-ignores-other-lines': '(7) a clflush may run before older stores to other lines',
  // Fences.
  'fence-completes-all-threads': "(3) a fence completes other threads' weak flushes",
  'sfence-completes-nothing': 'an sfence does not complete weak flushes',
  'mfence-completes-nothing': '(4) an mfence does not complete weak flushes',
  'rmw-completes-nothing': '(4) an RMW does not complete weak flushes',
  'rmw-completes-after-its-write': '(4) an RMW completes weak flushes after its own write',
  'failed-cas-always-fences': 'a failed CAS is a fence whatever the option says',
  'failed-cas-never-fences': 'a failed CAS is a plain read whatever the option says',
  // What a flush covers, and when.
  'flush-covers-own-stores': "(5) a flush covers only its own thread's stores",
  'flush-covers-one-word': '(10) a flush covers one word of the line',
  'visible-is-durable': '(6) what other threads can see has persisted',
  'trailing-flush-is-guaranteed':
    '(9) no crash falls between a store and the flush and fence after it',
  // Reads.
  'sfence-orders-later-loads': '(8) a load waits for an older sfence',
  'clflush-orders-later-loads': '(8) a load waits for an older clflush',
  'loads-are-never-early': 'a load sees what is newest: no store buffers',
  'loads-are-unordered': 'a load may run before an older load',
  'mfence-lets-loads-pass': 'a load may run before an older mfence',
  'rmw-lets-loads-pass': 'a load may run before an older RMW',
  'rmw-is-not-atomic': 'another write may come between the read and the write of an RMW',
  // Units of persistence (px86.md section 4).
  'line-mode-orders-by-word': 'persist order within a line is not kept where it should be',
  'location-mode-orders-by-line': 'persist order within a line is kept where it need not be',
  'wide-store-is-atomic': 'a wide store is never torn',
  'wide-store-is-ordered': 'the parts of a wide store become visible in address order',
  // Non-temporal stores (section 5) and eADR (section 6).
  'nt-store-needs-no-fence': 'a non-temporal store persists as soon as it is executed',
  'nt-store-needs-a-flush': 'a fence alone does not make a non-temporal store durable',
  'nt-store-keeps-store-order': 'a non-temporal store is visible before younger stores',
  'nt-store-is-hidden-from-its-thread':
    'a load does not see an older non-temporal store of its thread',
  'eadr-needs-flushes': 'with eADR the caches are lost',
  'eadr-keeps-write-combining': 'with eADR a non-temporal store persists as soon as it is executed',
} as const satisfies Record<string, string>;

export type WrongMachine = keyof typeof WRONG_MACHINES;
