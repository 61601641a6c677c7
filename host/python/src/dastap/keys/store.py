"""The policy of the key cache: what is kept, for how long, and what an answer of the provider changes. No waiting
happens here; time comes in as a number.

| the provider said | fresh key | refusal | what later lookups get |
|---|---|---|---|
| a key | kept for the ttl, less 10 to 20 % | forgotten | the key |
| refused | **dropped** | kept for the refused-ttl | the refusal, so a revocation bites within the ttl |
| unavailable | left | left | for a growing pause: the stale key, else unavailable at once |
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Callable, Dict, Generic, NamedTuple, Optional, Tuple, TypeVar, Union

from .backoff import Backoff, shortened
from .request import KeyFailure, KeyRefused, KeyRequest, KeyUnavailable
from .secret import Secret

REFUSALS = 256
"""Refusals have a table of their own, so that garbage cannot push good keys out; it holds this many."""
SWEEP_EVERY = 60.0
"""Rows past their use are swept out this often while there are lookups."""
FORGET_AFTER = 60.0
"""How long after its pause a failed key's back-off is forgotten."""

Question = Tuple[str, KeyRequest]
"""Under which an answer is kept: the provider's scope, blob and context."""


class Settings(NamedTuple):
    """The settings of a cache; durations in seconds."""

    ttl: float
    capacity: int
    refused_ttl: float
    stale: float


class Outcome(NamedTuple):
    """How a lookup ended: with a key, or with the reason why there is none."""

    key: Optional[Secret]
    failure: Optional[KeyFailure] = None
    is_stale: bool = False


@dataclass
class Flight:
    """A lookup that is asking; others wait for it. An end without outcome: whoever asked gave up."""

    ended: threading.Event = field(default_factory=threading.Event)
    outcome: Optional[Outcome] = None


class Ask(NamedTuple):
    """The lookup must ask the provider, then `Store.settle`, or `Store.abandon` when that does not happen."""

    flight: Flight


Step = Union[Outcome, Flight, Ask]
"""What a lookup has to do: nothing, wait, or ask."""


class Held(NamedTuple):
    """A key and its two ages."""

    key: Secret
    fresh_until: float
    stale_until: float


class Refusal(NamedTuple):
    text: str
    until: float


class Absence(NamedTuple):
    """The provider did not answer for this key; it is left alone for a while."""

    text: str
    backoff: Backoff


Row = TypeVar("Row")


class Table(Generic[Row]):
    """A bounded table of answers: when it is full, the least recently used row goes."""

    def __init__(self, capacity: int) -> None:
        self.rows: "OrderedDict[Question, Row]" = OrderedDict()
        self._capacity = capacity

    def get(self, question: Question) -> Optional[Row]:
        """The row, which counts as used now."""
        row = self.rows.get(question)
        if row is not None:
            self.rows.move_to_end(question)
        return row

    def insert(self, question: Question, row: Row) -> None:
        self.rows[question] = row
        self.rows.move_to_end(question)
        if len(self.rows) > self._capacity:
            self.rows.popitem(last=False)

    def remove(self, question: Question) -> None:
        self.rows.pop(question, None)

    def retain(self, is_kept: Callable[[Row], bool]) -> None:
        for question in [question for question, row in self.rows.items() if not is_kept(row)]:
            del self.rows[question]


class Store:
    """Everything the cache knows. Its owner holds a lock around each call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.keys: Table[Held] = Table(settings.capacity)
        self.refusals: Table[Refusal] = Table(REFUSALS)
        self.absences: Table[Absence] = Table(settings.capacity)
        self._flights: Dict[Question, Flight] = {}
        self._sweep_at = 0.0

    def find(self, question: Question, now: float) -> Step:
        """Looks a key up. One lock around this call decides for everybody who asks: at most one lookup per key is told
        to ask while the others wait."""
        if now >= self._sweep_at:
            self.sweep(now)
        held = self.keys.get(question)
        if held is not None and now < held.fresh_until:
            return Outcome(held.key)
        refusal = self.refusals.get(question)
        if refusal is not None and now < refusal.until:
            return Outcome(None, KeyRefused(refusal.text))
        flight = self._flights.get(question)
        outcome = self._meanwhile(question, now, flight is not None)
        if outcome is not None:
            return outcome
        if flight is not None:
            return flight
        flight = self._flights[question] = Flight()
        return Ask(flight)

    def _meanwhile(self, question: Question, now: float, is_asked: bool) -> Optional[Outcome]:
        """The outcome while the provider is known to be unavailable: during a pause for everybody, and while somebody
        tries again for those who have a stale key to go on with."""
        absence = self.absences.get(question)
        if absence is None:
            return None
        left = absence.backoff.left(now)
        if left is not None:
            return self.without(question, now, f"{absence.text}; asked again in {left:.1f} s")
        return self._stale(question, now) if is_asked else None

    def without(self, question: Question, now: float, text: str) -> Outcome:
        """The outcome when the provider gave no answer: the stale key, else `KeyUnavailable`."""
        return self._stale(question, now) or Outcome(None, KeyUnavailable(text))

    def _stale(self, question: Question, now: float) -> Optional[Outcome]:
        held = self.keys.get(question)
        if held is None or now >= held.stale_until:
            return None
        return Outcome(held.key, is_stale=True)

    def settle(self, question: Question, answer: Union[Secret, KeyFailure], now: float) -> Outcome:
        """Takes the provider's answer in, ends the flight, and says what those who wait for it get."""
        outcome = self._take_in(question, answer, now)
        self._end(question, outcome)
        return outcome

    def abandon(self, question: Question) -> None:
        """Ends a flight without an answer; one of those who wait asks."""
        self._end(question, None)

    def _end(self, question: Question, outcome: Optional[Outcome]) -> None:
        flight = self._flights.pop(question)
        flight.outcome = outcome
        flight.ended.set()

    def _take_in(self, question: Question, answer: Union[Secret, KeyFailure], now: float) -> Outcome:
        if isinstance(answer, Secret):
            self.refusals.remove(question)
            self.absences.remove(question)
            fresh_until = now + shortened(self._settings.ttl)
            self.keys.insert(question, Held(answer, fresh_until, fresh_until + self._settings.stale))
            return Outcome(answer)
        if isinstance(answer, KeyRefused):
            self.keys.remove(question)
            self.absences.remove(question)
            self.refusals.insert(question, Refusal(str(answer), now + self._settings.refused_ttl))
            return Outcome(None, answer)
        outcome = self.without(question, now, str(answer))
        absence = self.absences.get(question)
        backoff = absence.backoff if absence is not None else Backoff()
        backoff.fail(now)
        self.absences.insert(question, Absence(str(answer), backoff))
        return outcome

    def sweep(self, now: float) -> None:
        """Drops every row past its use."""
        self.keys.retain(lambda held: now < held.stale_until)
        self.refusals.retain(lambda refusal: now < refusal.until)
        self.absences.retain(lambda absence: now < absence.backoff.until + FORGET_AFTER)
        self._sweep_at = now + SWEEP_EVERY
