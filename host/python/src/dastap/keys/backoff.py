"""Chance and patience: ages that do not end together, and pauses that grow while nobody answers."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Optional

FIRST = 0.5
"""Seconds of the pause after the first failure."""
LONGEST = 10.0
"""The longest pause: how late a service that is back may be noticed."""


@dataclass
class Backoff:
    """How often somebody failed in a row, and until when he is left alone."""

    failures: int = 0
    until: float = 0.0

    def fail(self, now: float) -> None:
        """Another failure: the pause doubles, and half of it is left to chance, so that many callers do not come back
        at once."""
        pause = min(FIRST * 2 ** min(self.failures, 16), LONGEST)
        self.failures += 1
        self.until = now + pause * random.uniform(0.5, 1.0)

    def left(self, now: float) -> Optional[float]:
        """How much of the pause is left; `None` when it is over."""
        return self.until - now if now < self.until else None


def shortened(age: float) -> float:
    """`age` less 10 to 20 percent: keys that were fetched together do not expire together, and none is used longer."""
    return age * random.uniform(0.8, 0.9)
