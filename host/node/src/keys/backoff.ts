// Chance and patience: ages that do not end together, and pauses that grow while nobody answers.

/** The pause after the first failure, in milliseconds. */
const FIRST = 500;
/** The longest pause: how late a service that is back may be noticed. */
const LONGEST = 10_000;

/** How often somebody failed in a row, and until when he is left alone. */
export class Backoff {
  #failures = 0;
  /** When the pause ends. */
  until = Number.NEGATIVE_INFINITY;

  /** Another failure: the pause doubles, half of it left to chance, so that many callers do not come back at once. */
  fail(now: number, roll = Math.random()): void {
    const pause = Math.min(FIRST * 2 ** Math.min(this.#failures, 16), LONGEST);
    this.#failures += 1;
    this.until = now + pause * (0.5 + 0.5 * roll);
  }

  /** How much of the pause is left, in milliseconds; 0 when it is over. */
  left(now: number): number {
    return Math.max(0, this.until - now);
  }
}

/**
 * `age` less 10 to 20 percent: keys that were fetched together do not expire together, and none is used longer than
 * `age`.
 */
export function shortened(age: number, roll = Math.random()): number {
  return age * (0.9 - 0.1 * roll);
}
