"""One instance of the component in a store of its own, with its transform opened.

Any error out of a call poisons the store (component model), so an instance is used until its first `Fault` and then
closed.
"""

from __future__ import annotations

import math
import time
from typing import Any, Dict, List, Optional

from wasmtime import Store, WasmtimeError
from wasmtime.component import ExportIndex, Func, Instance as Instantiated, ResourceAny

from ..errors import ConfigError, SandboxError
from ..keys import KeyCache, KeyRequest
from .border import Argument, Option, call
from .component import Sandbox
from .fault import Fault, Kind
from .keys_import import answered_by
from .limits import Limits, store_limits
from .ticker import TICK

WORN_RECORDS = 100_000
"""Records after which an instance is replaced: its memory never shrinks. A new one costs less than a millisecond."""
WORN_BYTES = 16 << 20
"""It is also replaced after one call that handed over so many bytes, or that inflated a record up to its limit."""


class Instance:
    """A warm instance; for one thread at a time."""

    def __init__(self, sandbox: Sandbox, transform: str, keys: KeyCache, limits: Limits) -> None:
        self._sandbox = sandbox
        self._keys = keys
        self.limits = limits
        self._store = Store(sandbox.engine)
        self._records = 0
        self.is_worn = False
        self._interrupt: Optional[BaseException] = None
        self._functions: Dict[ExportIndex, Func] = {}
        self._begin(1)
        try:
            with sandbox.ticker.running(), answered_by(self):
                self._instance: Instantiated = sandbox.linker.instantiate(self._store, sandbox.component)
                opened = self._function(sandbox.open)(self._store, transform)
        except WasmtimeError as error:
            raise SandboxError(f"the sandbox cannot start: {Fault.of(error).detail}") from None
        if isinstance(opened, str):
            raise ConfigError(opened)
        self._transform: ResourceAny = opened

    def decode(self, batch: List[bytes], resource_id: Option) -> List[Any]:
        """One verdict a record: its case and the record of `wit/decoder.wit`."""
        verdicts: List[Any] = self._call(len(batch), self._sandbox.decode, self._transform, batch, resource_id)
        if len(verdicts) != len(batch):
            raise Fault(Kind.TRAPPED, f"{len(verdicts)} verdicts for {len(batch)} records")
        outputs = [output for case, verdict in verdicts if case == "decoded" for output in verdict["outputs"]]
        self._wear(batch, outputs, [verdict for case, verdict in verdicts if case == "failed"])
        return verdicts

    def decode_merged(self, batch: List[bytes], resource_id: Option) -> Dict[str, Any]:
        """The record `merged` of `wit/decoder.wit`."""
        merged: Dict[str, Any] = self._call(
            len(batch), self._sandbox.decode_merged, self._transform, batch, resource_id
        )
        if any(index >= len(batch) for index, _ in merged["failures"]):
            raise Fault(Kind.TRAPPED, "a failure of a record that is not in the batch")
        self._wear(batch, merged["outputs"], [failure for _, failure in merged["failures"]])
        return merged

    def explain(self, record: bytes, resource_id: Option) -> str:
        """See `wit/decoder.wit`."""
        return str(self._call(1, self._sandbox.explain, self._transform, record, resource_id))

    def inspect(self, record: bytes) -> str:
        """See `wit/inspector.wit`."""
        return str(self._call(1, self._sandbox.inspect, record))

    def counts(self) -> List[Dict[str, Any]]:
        """The counters since the last time: records `count` of `wit/decoder.wit`."""
        counts: List[Dict[str, Any]] = self._call(1, self._sandbox.counts, self._transform)
        return counts

    def close(self) -> None:
        """Gives its memory back now, not when the garbage is collected."""
        self._store.close()

    def key(self, request: KeyRequest) -> bytes:
        """The answer to a question of the running call."""
        asked = time.monotonic()
        try:
            return self._keys.decrypt(request).expose()
        finally:
            # Waiting is not computing.
            self._deadline += time.monotonic() - asked
            self._set_deadline()

    def interrupted(self, error: BaseException) -> None:
        """See `keys_import.Call`."""
        self._interrupt = error

    def _call(self, records: int, export: ExportIndex, *arguments: Argument) -> Any:
        self._begin(records)
        try:
            with self._sandbox.ticker.running(), answered_by(self):
                answer = call(self._function(export), self._store, list(arguments))
        except WasmtimeError as error:
            raise self._interrupt or Fault.of(error) from None
        if self._interrupt is not None:
            raise self._interrupt
        return answer

    def _function(self, export: ExportIndex) -> Func:
        function = self._functions.get(export)
        if function is None:
            function = self._instance.get_func(self._store, export)
            assert function is not None, "it was found in the component"
            self._functions[export] = function
        return function

    def _begin(self, records: int) -> None:
        self._interrupt = None
        self._store.set_limits(**store_limits(self.limits.memory_for(records)))
        self._deadline = time.monotonic() + self.limits.time
        self._set_deadline()

    def _set_deadline(self) -> None:
        left = max(0.0, self._deadline - time.monotonic())
        # The next tick may come at once, so that one is not counted.
        self._store.set_epoch_deadline(math.ceil(left / TICK) + 1)

    def _wear(self, batch: List[bytes], outputs: List[Any], failures: List[Any]) -> None:
        """wasmtime does not tell here how large the memory has become, but what made it so."""
        self._records += len(batch)
        handed_over = sum(map(len, batch)) + sum(len(output["lines"]) for output in outputs)
        is_over = any(failure["stage"] == "gunzip" and failure["reason"] == "too-large" for failure in failures)
        self.is_worn = self._records > WORN_RECORDS or handed_over > WORN_BYTES or is_over
