"""The clock of the key cache."""

from __future__ import annotations

import time


class Clock:
    """Seconds since it was made; never goes back.

    A monotonic clock may stand still while a Lambda is frozen, and keys must age there as well. So it is the wall
    clock that counts where that one has gone further.
    """

    def __init__(self) -> None:
        self._monotonic, self._wall = time.monotonic(), time.time()
        self._latest = 0.0

    def __call__(self) -> float:
        self._latest = max(self._latest, time.monotonic() - self._monotonic, time.time() - self._wall)
        return self._latest
