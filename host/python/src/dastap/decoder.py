"""`Decoder`: the public face."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple, Union

from .errors import ConfigError, SandboxError
from .keys import KeyCache, KeyProvider
from .sandbox import portions
from .sandbox.border import Option
from .sandbox.component import component_file, sandbox
from .sandbox.fault import Fault
from .sandbox.instances import Instances
from .sandbox.limits import limits_for
from .verdict import Count, Decoded, Failed, Failure, Merged, Output, Verdict

TIME_LIMIT = 10.0
"""Seconds in which the sandbox must answer a call; a record of 64 MiB takes about 0.2."""
NOT_UTF8 = Failure("envelope", "not-json", "expected JSON in UTF-8, found bytes that are not UTF-8", False)

Record = Union[str, bytes, bytearray, memoryview]
"""One outer JSON record, as it stands in Kinesis."""


class Decoder:
    """Decodes batches of records in the sandbox. Make one and share it: threads take turns with its warm instances.

    >>> from dastap import Decoder, KmsKeys
    >>> decoder = Decoder({"heartbeats": "drop"}, keys=KmsKeys())                          # doctest: +SKIP
    >>> for output in decoder.decode(records, resource_id="cluster-ABC").outputs:          # doctest: +SKIP
    ...     print(output.lines, end="")
    """

    def __init__(
        self,
        config: Optional[Mapping[str, Any]] = None,
        *,
        keys: Union[KeyProvider, KeyCache],
        workers: Optional[int] = None,
        time_limit: float = TIME_LIMIT,
        memory_limit: Optional[int] = None,
        component: Union[None, str, "os.PathLike[str]"] = None,
    ) -> None:
        """`config`: the `transform` section, the same in every host; README.md of the project has the settings.
        `keys`: who decrypts data keys; put behind a `KeyCache` with its defaults unless it is one.
        `workers`: instances at most, and so batches that are decoded at once; default: the processors of the machine.
        `time_limit`: seconds of computing for one call, waiting for keys not counted.
        `memory_limit`: bytes of memory of one instance; default: what `limits` of the settings need.
        `component`: another component file than the package's own.

        Raises `ConfigError` where a setting is wrong and `SandboxError` where the sandbox cannot run.
        """
        config = {} if config is None else config
        if not isinstance(config, Mapping):
            raise ConfigError(f"config: expected a mapping, the `transform` section, found {type(config).__name__}")
        if time_limit <= 0:
            raise ConfigError(f"time_limit: expected more than 0 seconds, found {time_limit}")
        workers = os.cpu_count() or 1 if workers is None else workers
        if workers < 1:
            raise ConfigError(f"workers: expected 1 or more, found {workers}")
        self.keys = keys if isinstance(keys, KeyCache) else KeyCache(keys)
        """The key cache, for its statistics."""
        file = component_file() if component is None else Path(component).resolve()
        try:
            transform = json.dumps(config, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"config: expected what JSON can hold: {error}") from None
        limits = limits_for(config, time_limit, memory_limit)
        try:
            self._instances = Instances(sandbox(file), transform, self.keys, limits, workers)
        except Fault as fault:
            raise SandboxError(f"the sandbox cannot start: {fault.detail}") from None

    def decode(self, batch: Iterable[Record], resource_id: Optional[str] = None) -> Merged:
        """What became of a batch of one stream: outputs joined by route, and the records that failed.

        `resource_id`: the stream's resource id (`cluster-...`, `db-...`), name or ARN, where it is known; else each of
        the configured resources is tried.

        Never fails for what is in the batch: where the sandbox traps or exceeds a limit, each record is tried once
        more alone, in a fresh instance, and the one that does it again fails in stage `guest`. `SandboxError` means
        that the machine has no room for an instance.
        """
        taken = _take(batch)
        merged, option = _Merging(), _option(resource_id)
        calls = portions.decode(taken.texts, lambda texts: self._instances.decode_merged(texts, option))
        for first, answer in calls:
            if isinstance(answer, Failure):
                merged.failures.append((first, answer))
            else:
                merged.add(first, answer)
        failed = [taken.failed(taken.places[index], failure) for index, failure in merged.failures]
        return merged.done(_in_order(failed, taken.refused))

    def decode_each(self, batch: Iterable[Record], resource_id: Optional[str] = None) -> List[Verdict]:
        """One verdict per record, in order. Costs some 20 microseconds more per record than `decode`."""
        taken = _take(batch)
        verdicts: Dict[int, Verdict] = {failed.index: failed for failed in taken.refused}
        option = _option(resource_id)
        calls = portions.decode(taken.texts, lambda texts: self._instances.decode(texts, option))
        for first, answer in calls:
            answers = [answer] if isinstance(answer, Failure) else map(_verdict, answer)
            for place, verdict in zip(taken.places[first:], answers):
                verdicts[place] = taken.failed(place, verdict) if isinstance(verdict, Failure) else verdict
        return [verdicts[place] for place in range(len(taken.records))]

    def explain(self, record: Record, resource_id: Optional[str] = None) -> Dict[str, Any]:
        """What becomes of each event of one record, and why: rule, route, redacted fields; `wit/decoder.wit` has the
        shape. Nothing is counted. Raises `SandboxError` only when the sandbox itself fails."""
        return self._told(record, lambda text: self._instances.explain(text, _option(resource_id)))

    def inspect(self, record: Record) -> Dict[str, Any]:
        """Explains one record without any key; `wit/inspector.wit` has the shape. Nothing of it is authenticated."""
        return self._told(record, self._instances.inspect)

    def counts(self) -> Tuple[Count, ...]:
        """The counters since the last call of this, summed over all instances; `wit/decoder.wit` has the names."""
        return self._instances.take_counts()

    def _told(self, record: Record, ask: Any) -> Dict[str, Any]:
        text = _text(record)
        if text is None:
            return {"failure": {**vars(NOT_UTF8)}}
        try:
            told: Dict[str, Any] = json.loads(ask(text))
        except Fault as fault:
            raise SandboxError(f"the sandbox gave no answer: {fault.detail}") from None
        return told


class _Taken(NamedTuple):
    """A batch as the guest can have it."""

    records: List[Record]
    texts: List[bytes]
    """UTF-8."""
    places: List[int]
    """For each text its place in the batch."""
    refused: List[Failed]

    def failed(self, place: int, failure: Failure) -> Failed:
        return Failed(place, failure, _bytes(self.records[place]))


def _take(batch: Iterable[Record]) -> _Taken:
    if isinstance(batch, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"batch: expected records in a list, found {type(batch).__name__}; one record is [record]")
    taken = _Taken(list(batch), [], [], [])
    for place, record in enumerate(taken.records):
        text = _text(record)
        if text is None:
            taken.refused.append(taken.failed(place, NOT_UTF8))
        else:
            taken.texts.append(text)
            taken.places.append(place)
    return taken


def _text(record: Record) -> Optional[bytes]:
    """The record in UTF-8; none where it is not that."""
    if not isinstance(record, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"batch: expected records of type str or bytes, found {type(record).__name__}")
    try:
        if isinstance(record, str):
            # A string may hold halves of characters, which UTF-8 does not have.
            return record.encode()
        text = bytes(record)
        text.decode()
    except UnicodeError:
        return None
    return text


def _bytes(record: Record) -> bytes:
    return record.encode("utf-8", "surrogatepass") if isinstance(record, str) else bytes(record)


def _option(resource_id: Optional[str]) -> Option:
    return Option(None if resource_id is None else resource_id.encode("utf-8", "backslashreplace"))


def _in_order(some: List[Failed], others: List[Failed]) -> Tuple[Failed, ...]:
    return tuple(sorted(some + others, key=lambda failed: failed.index))


class _Merging:
    """The answers of portions, joined by route."""

    def __init__(self) -> None:
        self._lines: Dict[str, List[str]] = {}
        self._events: Dict[str, int] = {}
        self._sums = [0, 0, 0]
        self.failures: List[Tuple[int, Failure]] = []

    def add(self, first: int, answer: Dict[str, Any]) -> None:
        for output in answer["outputs"]:
            route = output["route"]
            self._lines.setdefault(route, []).append(output["lines"])
            self._events[route] = self._events.get(route, 0) + output["events"]
        for index, failure in answer["failures"]:
            self.failures.append((first + index, Failure(**failure)))
        for place, name in enumerate(("kept", "dropped", "heartbeats")):
            self._sums[place] += answer[name]

    def done(self, failures: Tuple[Failed, ...]) -> Merged:
        outputs = [Output(route, "".join(lines), self._events[route]) for route, lines in self._lines.items()]
        return Merged(tuple(outputs), failures, *self._sums)


def _verdict(verdict: Tuple[str, Dict[str, Any]]) -> Union[Decoded, Failure]:
    case, answer = verdict
    if case == "failed":
        return Failure(**answer)
    outputs = tuple(Output(**output) for output in answer["outputs"])
    return Decoded(outputs, answer["kept"], answer["dropped"], answer["heartbeats"])
