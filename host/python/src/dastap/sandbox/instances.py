"""The warm instances of a decoder: at most one per worker, taken for a call, put back unless it failed."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import Any, Dict, FrozenSet, Iterator, List, Optional, Tuple

from ..keys import KeyCache
from ..verdict import Count
from . import memory
from .border import Option
from .component import Sandbox
from .fault import Fault, Kind, Mark
from .instance import Instance
from .limits import Limits


class Instances:
    """A bounded set of instances with the same settings."""

    def __init__(self, sandbox: Sandbox, transform: str, keys: KeyCache, limits: Limits, most: int) -> None:
        self._sandbox = sandbox
        self._transform = transform
        self.keys = keys
        self._limits = limits
        self._permits = threading.Semaphore(most)
        self._lock = threading.Lock()
        self._idle: List[Instance] = []
        self._counts: Dict[Tuple[str, str, str], int] = {}
        self._marks: Optional[FrozenSet[Mark]] = None
        # Rules and all: whatever is wrong with the settings is said now, not by the first record.
        self._idle.append(self._new())

    def decode(self, batch: List[bytes], resource_id: Option) -> List[Any]:
        """See `Instance.decode`; raises `Fault`."""
        with self._instance() as instance:
            return instance.decode(batch, resource_id)

    def decode_merged(self, batch: List[bytes], resource_id: Option) -> Dict[str, Any]:
        """See `Instance.decode_merged`; raises `Fault`."""
        with self._instance() as instance:
            return instance.decode_merged(batch, resource_id)

    def explain(self, record: bytes, resource_id: Option) -> str:
        """See `Instance.explain`; raises `Fault`."""
        with self._instance() as instance:
            return instance.explain(record, resource_id)

    def inspect(self, record: bytes) -> str:
        """See `Instance.inspect`; raises `Fault`."""
        with self._instance() as instance:
            return instance.inspect(record)

    def take_counts(self) -> Tuple[Count, ...]:
        """The counters of all instances since the last time."""
        with self._lock:
            counts, self._counts = self._counts, {}
        return tuple(Count(*row, value) for row, value in sorted(counts.items()))

    @contextmanager
    def _instance(self) -> Iterator[Instance]:
        with self._permits:
            instance = self._take()
            try:
                yield instance
                self._add(instance.counts())
            except Fault as fault:
                instance.close()
                raise self._told_apart(fault) from None
            except BaseException:
                instance.close()
                raise
            if instance.is_worn:
                instance.close()
                return
            with self._lock:
                self._idle.append(instance)

    def _take(self) -> Instance:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._new()

    def _new(self) -> Instance:
        return Instance(self._sandbox, self._transform, self.keys, self._limits)

    def _add(self, news: List[Dict[str, Any]]) -> None:
        with self._lock:
            for new in news:
                row = (new["cluster"], new["instance"], new["name"])
                self._counts[row] = self._counts.get(row, 0) + new["value"]

    def _told_apart(self, fault: Fault) -> Fault:
        """A guest that was refused memory gives up as one that panics does; only where it does so differs."""
        if fault.mark is None:
            return fault
        if self._marks is None:
            self._marks = memory.marks(self._sandbox, self.keys)
        if fault.mark in self._marks:
            return Fault(Kind.OUT_OF_MEMORY, f"wanted more memory than its limit of {self._limits.memory} bytes")
        return fault
