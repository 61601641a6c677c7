// A bounded number of turns: whoever comes when all are taken waits in line.

import { type Clock, within } from "./clock.js";

export class Turns {
  #free: number;
  readonly #line: Array<() => void> = [];

  constructor(most: number) {
    this.#free = most;
  }

  /** Waits for a turn; false when `limit` milliseconds pass first. */
  async take(clock: Clock, limit: number): Promise<boolean> {
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    let called = () => {};
    const turn = new Promise<true>((resolve) => {
      called = () => resolve(true);
      this.#line.push(called);
    });
    if (await within(clock, limit, turn)) return true;
    const place = this.#line.indexOf(called);
    // Called in the very moment that the time was up: the turn goes to the next.
    if (place < 0) this.giveBack();
    else this.#line.splice(place, 1);
    return false;
  }

  giveBack(): void {
    const next = this.#line.shift();
    if (next) next();
    else this.#free += 1;
  }
}
