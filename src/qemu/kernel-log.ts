/** What a kernel says about itself: messages of /dev/kmsg and the console, and which of them are bad news. */

export interface KernelMessage {
  /** syslog(2)'s: 0 emergency .. 4 warning .. 7 debug. */
  readonly level: number;
  readonly text: string;
}

const LEVEL_ERROR = 3;

/** Lines of /dev/kmsg: "priority,sequence,time,flags;text"; continuation lines start with a space. */
export function parseKernelLog(log: string): KernelMessage[] {
  const messages: KernelMessage[] = [];
  for (const line of log.split('\n')) {
    const [, priority, text] = /^(\d+),[^;]*;(.*)$/.exec(line) ?? [];
    if (priority !== undefined) messages.push({ level: Number(priority) & 7, text: text ?? '' });
  }
  return messages;
}

/**
 * What a kernel under test must not say: its own assertions and crashes. File systems' complaints about
 * crash images are not among them; those come back as errors of mount and read.
 */
const ALARMS: readonly RegExp[] = [
  /\bOops\b/,
  /\bBUG:/,
  /\bkernel BUG at\b/,
  /\bWARNING: /,
  /\bKernel panic\b/,
  /\bgeneral protection fault\b/,
  /\bstack segment:|\bdivide error:|\bInternal error\b/,
  /\bpossible (?:circular|recursive) locking\b/,
  /\blist_(?:add|del) corruption\b/,
  /\bblocked for more than\b/,
];

/** The first line that says so, without its time; null if none does. */
export function alarmIn(text: string): string | null {
  const line = text.split('\n').find((candidate) => ALARMS.some((alarm) => alarm.test(candidate)));
  return line === undefined ? null : line.replace(/^\[[ \d.]+\]\s*/, '').trim();
}

/** What the kernel complained of first, of at least the level of an error; "no word of it" if of nothing. */
export function complaintIn(log: string): string {
  const errors = parseKernelLog(log).filter(({ level }) => level <= LEVEL_ERROR);
  return errors[0]?.text ?? 'no word of it';
}
