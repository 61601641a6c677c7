"""What became of records: the types of `wit/decoder.wit`, frozen."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import NoReturn, Optional, Tuple, Union


@dataclass(frozen=True)
class Output:
    """Events that share a route."""

    route: str
    """Where the events go: `default` unless a rule says otherwise."""
    lines: str
    """NDJSON: each line ends with a line feed; never empty."""
    events: int
    """The number of lines."""


@dataclass(frozen=True)
class Failure:
    """Why a record gave no events."""

    stage: str
    """`envelope`, `key`, `message`, `gunzip`, `events`, or `guest`: the sandbox trapped or exceeded a limit."""
    reason: str
    """A stable word to alert on, such as `not-authentic`."""
    detail: str
    """For people. Never payload, never a key."""
    retryable: bool
    """The same record may succeed later: the key service was away."""

    def __str__(self) -> str:
        return f"{self.stage}/{self.reason}: {self.detail}"


@dataclass(frozen=True)
class Decoded:
    """A record that was read completely. `kept + dropped` is its number of events."""

    outputs: Tuple[Output, ...]
    """One for each route, none when no event was kept."""
    kept: int
    dropped: int
    heartbeats: int
    """How many of its events were heartbeats, kept or dropped."""


@dataclass(frozen=True)
class Failed:
    """A record that gave no events."""

    index: int
    """Its place in the batch, from 0."""
    failure: Failure
    record: bytes = field(repr=False)
    """The record as it was received."""

    def dead_letter(self, resource_id: Optional[str] = None) -> str:
        """A line of a dead letter, which `dastap decode` takes as input again; it ends with a line feed."""
        failure = self.failure
        error = {
            "stage": failure.stage,
            "reason": failure.reason,
            "detail": failure.detail,
            "retryable": failure.retryable,
        }
        line = f'{{"index":{self.index},"error":{_json(error)}'
        if resource_id is not None:
            line += f',"resource":{_json(resource_id)}'
        text = _as_json_on_one_line(self.record)
        if text is None:
            return f'{line},"record_base64":"{base64.b64encode(self.record).decode()}"}}\n'
        return f'{line},"record":{text}}}\n'


@dataclass(frozen=True)
class Merged:
    """What became of a whole batch: records in = records decoded + `failures`."""

    outputs: Tuple[Output, ...]
    """One for each route; within a route the records' order is kept."""
    failures: Tuple[Failed, ...]
    """The records that failed, in order."""
    kept: int
    dropped: int
    heartbeats: int


Verdict = Union[Decoded, Failed]
"""What became of one record: all of it, or nothing and the reason."""


@dataclass(frozen=True)
class Count:
    """What was counted, by cluster, instance and name; `wit/decoder.wit` lists the names."""

    cluster: str
    instance: str
    name: str
    value: int


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _as_json_on_one_line(record: bytes) -> Optional[str]:
    """The record as it can stand inside a line of JSON, byte for byte, if it can."""
    if record[:1] + record[-1:] not in (b"{}", b"[]") or b"\n" in record or b"\r" in record:
        return None
    try:
        text = record.decode("utf-8")
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return text


def _refuse(constant: str) -> NoReturn:
    """`NaN` and its like are no JSON."""
    raise ValueError(constant)
