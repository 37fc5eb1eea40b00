/** The controller's side of workers: one lane for each, which gives it work until there is none. */

/**
 * Runs `lane` for each number below `count` to its end. Where one fails, `stop` tells the others to end, or
 * they would go on, perhaps for ever.
 * @throws what the first lane by number that failed has thrown, after all have ended.
 */
export async function inLanes(
  count: number,
  lane: (number: number) => Promise<void>,
  stop: () => void,
): Promise<void> {
  const lanes = Array.from({ length: count }, async (_, number) => {
    try {
      await lane(number);
    } catch (error) {
      stop();
      throw error;
    }
  });
  const ends = await Promise.allSettled(lanes);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
