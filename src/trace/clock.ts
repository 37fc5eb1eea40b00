/**
 * The clock of the machine, as coarse as that of timestamps: it ticks with every fourth call that starts, so
 * that some calls share a tick and others do not. A pure function of the trace.
 */
const CALLS_PER_TICK = 4;

/** The tick at a time when so many calls have started; what mkfs wrote is from tick 0. */
export const tickAfter = (calls: number): number => 1 + Math.floor(calls / CALLS_PER_TICK);
