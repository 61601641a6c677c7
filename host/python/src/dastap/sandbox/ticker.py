"""The clock of the deadlines: a thread that moves the engine's epoch while calls are running, and sleeps otherwise."""

from __future__ import annotations

import threading
import time
import weakref
from contextlib import contextmanager
from typing import Iterator, Optional

from wasmtime import Engine

TICK = 0.1
"""Seconds between two ticks: how exact a deadline is. Each takes the interpreter from whoever works in Python."""


class Ticker:
    """Its thread is started by the first call, and anew in a process that was forked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = weakref.ref(engine)
        self._lock = threading.Lock()
        self._busy = threading.Event()
        self._running = 0
        self._thread: Optional[threading.Thread] = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Ticks inside of this."""
        with self._lock:
            self._running += 1
            self._busy.set()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._tick, name="dastap-ticker", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
                if self._running == 0:
                    self._busy.clear()

    def _tick(self) -> None:
        while True:
            self._busy.wait()
            time.sleep(TICK)
            engine = self._engine()
            if engine is None:
                return
            engine.increment_epoch()
            del engine
