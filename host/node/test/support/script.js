// A key provider that says what a test wants, and a clock that is moved by hand.

import { Refused, Unavailable } from "dastap";

/** A clock that stands still until `advance` is called. */
export class TestClock {
  #now = 0;
  #alarms = new Set();

  now() {
    return this.#now;
  }

  alarm(after, ring) {
    const alarm = { at: this.#now + after, ring };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Moves the clock by milliseconds and lets everybody act whose time has come. */
  async advance(by) {
    this.#now += by;
    for (const alarm of [...this.#alarms].filter(({ at }) => at <= this.#now)) {
      this.#alarms.delete(alarm);
      alarm.ring();
    }
    await settled();
  }
}

/** Everything that can go on without time has gone on. */
export async function settled() {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Gives, in turn, keys filled with a number, "refused" and "unavailable"; then keys filled with 7. */
export class Script {
  calls = 0;
  #waiting = [];
  #open;

  constructor(says = [], { open = true } = {}) {
    this.says = [...says];
    this.#open = open;
  }

  decrypt = async ({ context }) => {
    if (context.some(([name], index) => index > 0 && name < context[index - 1][0])) throw new Refused("not sorted");
    this.calls += 1;
    if (!this.#open) await new Promise((resolve) => this.#waiting.push(resolve));
    const says = this.says.shift() ?? 7;
    if (says === "refused") throw new Refused("access denied");
    if (says === "unavailable") throw new Unavailable("no connection");
    return new Uint8Array(32).fill(says);
  };

  /** From now on calls wait. */
  close() {
    this.#open = false;
  }

  /** Lets so many waiting calls go on. */
  letThrough(calls) {
    for (const resume of this.#waiting.splice(0, calls)) resume();
  }
}
