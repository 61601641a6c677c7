// Time as a parameter, so that ages, waits and back-off are tested without sleeping.

/** A clock that never goes back, in milliseconds. */
export interface Clock {
  /** The time since an origin of the clock's choosing. */
  now(): number;
  /** Calls back once, later; the answer cancels that. */
  alarm(after: number, ring: () => void): () => void;
}

/** The machine's monotonic clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  alarm(after, ring) {
    const timer = setTimeout(ring, after);
    return () => clearTimeout(timer);
  },
};

/** The promise's value, or undefined when `limit` passes first. */
export async function within<T>(clock: Clock, limit: number, promise: Promise<T>): Promise<T | undefined> {
  let cancel = () => {};
  const late = new Promise<undefined>((resolve) => {
    cancel = clock.alarm(limit, () => resolve(undefined));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    cancel();
  }
}
