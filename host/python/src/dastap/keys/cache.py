"""The key cache: one question to the provider per data key and time to live, however many threads ask at once.

This file is the waiting; what is kept and for how long is decided in `store.py`. No lock is held while anybody waits.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from typing import Callable, Optional, Protocol, Union

from ..errors import ConfigError
from .clock import Clock
from .request import KeyFailure, KeyRefused, KeyRequest, KeyUnavailable
from .secret import Secret
from .store import Ask, Flight, Outcome, Question, Settings, Store

IN_FLIGHT = 20
"""So many keys are asked for at once. A burst of new keys queues here instead of exhausting the account's KMS quota."""
WAIT_LIMIT = 10.0
"""A lookup waits so many seconds for another one's answer, or for its turn to ask."""

LOG = logging.getLogger("dastap.keys")


class KeyProvider(Protocol):
    """Somebody who can turn the blob in a record's `key` field into the plaintext data key."""

    @property
    def scope(self) -> str:
        """What else decides the answer, such as the wrapping-key id and the region; part of the cache key."""
        ...

    def decrypt(self, request: KeyRequest) -> bytes:
        """One question to the key service; not cached here. Called from many threads.

        It raises `KeyRefused` when the service said no and `KeyUnavailable` when it said nothing, in less than ten
        seconds: a thread cannot be called back. Any other exception counts as the second.
        """
        ...


@dataclass(frozen=True)
class KeyStats:
    """What a cache has done since it was made.

    `lookups` = `hits` + `stale` + `refused` + `unavailable` + the calls that gave a key.
    """

    lookups: int = 0
    """Questions to the cache."""
    hits: int = 0
    """Lookups that got a fresh key without a call of their own."""
    calls: int = 0
    """Questions that reached the provider."""
    refused: int = 0
    unavailable: int = 0
    stale: int = 0
    """Lookups that got a key past its time, because the provider was unavailable."""


class KeyCache:
    """Keeps plaintext data keys in front of a `KeyProvider`. Durations are seconds.

    * A key is used for `ttl`, less 10 to 20 percent, then asked for again. Past `capacity` keys the least recently
      used one goes.
    * Of many threads that need one key, one asks; the others get its answer.
    * A refusal is repeated for `refused_ttl` and drops the key it concerns: a revocation bites within `ttl`.
    * "Unavailable" is not kept, but the provider is left alone for a pause that doubles from half a second to ten:
      meanwhile lookups get the key for up to `stale` past its time, or "unavailable" at once.

    One cache belongs to one provider, hence to one set of credentials; decoders may share it.
    """

    def __init__(
        self,
        provider: KeyProvider,
        *,
        ttl: float = 3600.0,
        capacity: int = 1000,
        refused_ttl: float = 30.0,
        stale: float = 900.0,
        clock: Optional[Callable[[], float]] = None,
    ) -> None:
        check("ttl", ttl, 1, 86400, "seconds")
        check("capacity", capacity, 1, 100_000, "keys")
        check("refused_ttl", refused_ttl, 0, 3600, "seconds")
        check("stale", stale, 0, 86400, "seconds")
        self._provider = provider
        self._clock = clock or Clock()
        self._store = Store(Settings(ttl, capacity, refused_ttl, stale))
        self._lock = threading.Lock()
        self._turns = threading.Semaphore(IN_FLIGHT)
        self._stats = KeyStats()

    def decrypt(self, request: KeyRequest) -> Secret:
        """The plaintext data key: from the cache, from the thread that is asking for it already, or from the provider.

        Raises `KeyRefused` when the provider said no or the request is out of bounds, and `KeyUnavailable` when it did
        not answer and no key is held that may still be used.
        """
        self._count(lookups=1)
        asked = False
        try:
            request.check()
            outcome, asked = self._look_up((self._provider.scope, request))
        except KeyRefused as failure:
            outcome = Outcome(None, failure)
        self._ended(outcome, asked)
        if outcome.key is not None:
            return outcome.key
        # An exception of one's own: threads that waited for one answer share its text, not its traceback.
        kind = KeyRefused if isinstance(outcome.failure, KeyRefused) else KeyUnavailable
        raise kind(str(outcome.failure))

    @property
    def stats(self) -> KeyStats:
        """What the cache has done so far."""
        with self._lock:
            return self._stats

    def sweep(self) -> None:
        """Drops every key past its use. Lookups do this once a minute; a host that may stay idle calls it by itself."""
        with self._lock:
            self._store.sweep(self._clock())

    def _look_up(self, question: Question) -> "tuple[Outcome, bool]":
        """The outcome, and whether it took a call."""
        deadline: Optional[float] = None
        while True:
            with self._lock:
                now = self._clock()
                step = self._store.find(question, now)
            if isinstance(step, Outcome):
                return step, False
            if isinstance(step, Ask):
                return self._ask(question)
            deadline = deadline or now + WAIT_LIMIT
            outcome = self._wait(step, question, deadline - now)
            if outcome is not None:
                return outcome, False

    def _wait(self, flight: Flight, question: Question, left: float) -> Optional[Outcome]:
        """Another thread's outcome; none where that thread gave up, so that somebody else must ask."""
        if left > 0 and flight.ended.wait(left):
            return flight.outcome
        return self._without(question, "another lookup is still asking for this key")

    def _ask(self, question: Question) -> "tuple[Outcome, bool]":
        settled = False
        try:
            if not self._turns.acquire(timeout=WAIT_LIMIT):
                return self._without(question, "the key service is still busy with other keys"), False
            try:
                self._count(calls=1)
                answer = self._answer(question[1])
            finally:
                self._turns.release()
            with self._lock:
                settled = True
                return self._store.settle(question, answer, self._clock()), True
        finally:
            if not settled:
                with self._lock:
                    self._store.abandon(question)

    def _answer(self, request: KeyRequest) -> Union[Secret, KeyFailure]:
        context = request.context_text()
        try:
            secret = Secret(self._provider.decrypt(request))
        except KeyRefused as failure:
            LOG.debug("data key refused (%s): %s", context, failure)
            return failure
        except KeyUnavailable as failure:
            LOG.warning("key provider unavailable (%s): %s", context, failure)
            return failure
        except Exception as error:
            # Its text may hold anything, so only its kind is told.
            LOG.warning("key provider failed (%s): %s", context, type(error).__name__)
            return KeyUnavailable(f"the key provider failed with {type(error).__name__}")
        LOG.debug("data key decrypted (%s)", context)
        return secret

    def _without(self, question: Question, text: str) -> Outcome:
        with self._lock:
            return self._store.without(question, self._clock(), text)

    def _ended(self, outcome: Outcome, asked: bool) -> None:
        if outcome.is_stale:
            self._count(stale=1)
        elif outcome.key is not None:
            self._count(hits=0 if asked else 1)
        elif isinstance(outcome.failure, KeyRefused):
            self._count(refused=1)
        else:
            self._count(unavailable=1)

    def _count(self, **added: int) -> None:
        with self._lock:
            sums = {name: getattr(self._stats, name) + value for name, value in added.items()}
            self._stats = replace(self._stats, **sums)

    def __repr__(self) -> str:
        return f"KeyCache({self._provider.scope}, {self.stats})"


def check(name: str, found: float, least: float, most: float, unit: str) -> None:
    """Raises `ConfigError` where a setting is out of its bounds."""
    if not least <= found <= most:
        raise ConfigError(f"{name}: expected {least} to {most} {unit}, found {found}")
