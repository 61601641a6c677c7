"""The key cache as its users see it: a scripted provider, a clock that is moved by hand."""

import pickle
import threading
import time

import pytest
from dastap import ConfigError, KeyCache, KeyRefused, KeyRequest, KeyStats, KeyUnavailable
from dastap.keys import Secret, cache as cache_module

HOUR = 3600.0


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Script:
    """Says one thing after the other, then gives the key `[7; 32]`. A number is a key of that byte."""

    scope = "eu-west-1"

    def __init__(self, *says, gate=None):
        self.says = list(says)
        self.gate = gate
        self.calls = 0
        self.lock = threading.Lock()

    def decrypt(self, request):
        with self.lock:
            self.calls += 1
            said = self.says.pop(0) if self.says else 7
        if self.gate is not None:
            self.gate.wait(10)
        if isinstance(said, int):
            return bytes([said] * 32)
        raise said("access denied" if said is KeyRefused else "no connection")


def request(name="a"):
    return KeyRequest(name.encode(), (("aws:rds:dbc-id", "cluster-ABC"),))


def made(script, **settings):
    clock = Clock()
    return KeyCache(script, clock=clock, **settings), clock


def first_byte(cache, name="a"):
    """The key's first byte, or the failure's kind."""
    try:
        return cache.decrypt(request(name)).expose()[0]
    except (KeyRefused, KeyUnavailable) as failure:
        return type(failure)


def at_once(count, work):
    """What each of so many threads got."""
    results = []
    threads = [threading.Thread(target=lambda: results.append(work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, results


def join(threads):
    for thread in threads:
        thread.join(10)


def until(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_a_hundred_threads_at_once_are_one_call():
    script = Script(1, gate=threading.Event())
    cache, _ = made(script)
    threads, results = at_once(100, lambda: first_byte(cache))
    until(lambda: cache.stats.lookups == 100)
    script.gate.set()
    join(threads)
    assert (results, script.calls) == ([1] * 100, 1)
    assert cache.stats == KeyStats(lookups=100, hits=99, calls=1)


@pytest.mark.parametrize("says", [KeyRefused, KeyUnavailable])
def test_waiters_share_a_failure_as_well(says, monkeypatch):
    waiting = []
    wait = KeyCache._wait
    monkeypatch.setattr(KeyCache, "_wait", lambda *arguments: waiting.append(True) or wait(*arguments))
    script = Script(says, gate=threading.Event())
    # Nothing is left in a table for them: the answer itself reaches them.
    cache, _ = made(script, refused_ttl=0)
    threads, results = at_once(20, lambda: first_byte(cache))
    until(lambda: len(waiting) == 19)
    script.gate.set()
    join(threads)
    assert (results, script.calls) == ([says] * 20, 1)


def test_when_the_asking_thread_is_interrupted_another_one_asks():
    class Interrupted(Script):
        def decrypt(self, request):
            answer = super().decrypt(request)
            if answer[0] == 1:
                raise KeyboardInterrupt
            return answer

    script = Interrupted(1, 2, gate=threading.Event())
    cache, _ = made(script)
    interrupted = []

    def ask():
        try:
            return first_byte(cache)
        except KeyboardInterrupt:
            interrupted.append(True)
            return None

    threads, results = at_once(10, ask)
    until(lambda: cache.stats.lookups == 10)
    script.gate.set()
    join(threads)
    assert interrupted == [True] and sorted(filter(None, results)) == [2] * 9
    assert script.calls == 2


def test_nobody_waits_for_ever(monkeypatch):
    monkeypatch.setattr(cache_module, "WAIT_LIMIT", 0.05)
    script = Script(1, gate=threading.Event())
    cache = KeyCache(script)
    threads, results = at_once(1, lambda: first_byte(cache))
    until(lambda: script.calls == 1)
    assert first_byte(cache) is KeyUnavailable
    script.gate.set()
    join(threads)
    assert results == [1] and first_byte(cache) == 1


def test_a_burst_of_new_keys_queues():
    script = Script(gate=threading.Event())
    cache = KeyCache(script)
    names = iter(map(str, range(50)))
    lock = threading.Lock()

    def ask():
        with lock:
            name = next(names)
        return first_byte(cache, name)

    threads, results = at_once(50, ask)
    until(lambda: cache.stats.lookups == 50 and script.calls == 20)
    time.sleep(0.05)
    assert script.calls == 20
    script.gate.set()
    join(threads)
    assert (results, script.calls) == ([7] * 50, 50)


def test_a_key_lives_for_80_to_90_percent_of_the_ttl():
    for _ in range(50):
        cache, clock = made(Script(1, 2))
        assert first_byte(cache) == 1
        clock.now = HOUR * 0.8 - 1
        assert first_byte(cache) == 1, "expired before 80 %"
        clock.now = HOUR * 0.9 + 1
        assert first_byte(cache) == 2, "alive after 90 %"


def test_keys_do_not_expire_together():
    script = Script()
    cache, clock = made(script)
    for turn in range(2):
        for number in range(200):
            first_byte(cache, str(number))
        clock.now = HOUR * 0.85
    assert 20 < script.calls - 200 < 180


def test_a_refusal_is_repeated_and_then_asked_again():
    script = Script(KeyRefused, 1)
    cache, clock = made(script)
    assert first_byte(cache) is KeyRefused
    clock.now = 29.9
    assert first_byte(cache) is KeyRefused and script.calls == 1
    clock.now = 30.1
    assert first_byte(cache) == 1
    assert cache.stats == KeyStats(lookups=3, calls=2, refused=2)


def test_a_revocation_bites_at_once_when_the_ttl_is_over():
    cache, clock = made(Script(1, KeyRefused, KeyUnavailable))
    assert first_byte(cache) == 1
    clock.now = HOUR
    assert first_byte(cache) is KeyRefused
    clock.now += 31
    assert first_byte(cache) is KeyUnavailable, "a refused key is never used stale"


def test_a_stale_key_bridges_an_outage_and_no_more():
    script = Script(1, *[KeyUnavailable] * 100)
    cache, clock = made(script)
    assert first_byte(cache) == 1
    clock.now = HOUR
    assert first_byte(cache) == 1 and script.calls == 2
    assert cache.stats.stale == 1
    clock.now = HOUR * 0.8 + 899
    assert first_byte(cache) == 1
    clock.now = HOUR * 0.9 + 901
    assert first_byte(cache) is KeyUnavailable


def test_an_unavailable_provider_is_left_alone_for_a_growing_pause():
    script = Script(*[KeyUnavailable] * 100)
    cache, clock = made(script)
    calls = []
    for tick in range(6000):
        clock.now = tick * 0.01
        assert first_byte(cache) is KeyUnavailable
        if len(calls) < script.calls:
            calls.append(clock.now)
    pauses = [later - earlier for earlier, later in zip(calls, calls[1:])]
    assert 0.25 <= pauses[0] <= 0.52 and 5 <= pauses[-1] <= 10.02, pauses
    assert len(calls) < 16
    with pytest.raises(KeyUnavailable, match=r"no connection; asked again in \d"):
        cache.decrypt(request())


def test_after_an_outage_the_first_answer_ends_the_pause():
    cache, clock = made(Script(KeyUnavailable, 3))
    assert first_byte(cache) is KeyUnavailable
    clock.now = 0.51
    assert first_byte(cache) == 3


def test_beyond_the_capacity_the_least_recently_used_key_goes():
    script = Script()
    cache, _ = made(script, capacity=3)
    for name in ("a", "b", "c", "a", "d", "a", "c", "d"):
        first_byte(cache, name)
    assert script.calls == 4
    first_byte(cache, "b")
    assert script.calls == 5


def test_refusals_do_not_push_keys_out():
    script = Script(1, *[KeyRefused] * 500)
    cache, _ = made(script, capacity=1)
    first_byte(cache, "good")
    for number in range(500):
        first_byte(cache, str(number))
    assert first_byte(cache, "good") == 1
    assert len(cache._store.refusals.rows) == 256


def test_the_whole_question_is_the_key():
    script = Script(1, 2, 3)
    cache, _ = made(script)
    other = KeyRequest(b"a", (("aws:rds:dbc-id", "cluster-OTHER"),))
    assert first_byte(cache) == 1 and cache.decrypt(other).expose()[0] == 2
    script.scope = "eu-west-2"
    assert first_byte(cache) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        KeyRequest(b"", ()),
        KeyRequest(b"x" * 6145, ()),
        KeyRequest(b"x", tuple((str(number), "") for number in range(9))),
        KeyRequest(b"x", (("name", "x" * 2048),)),
        KeyRequest(b"x", (("name", "a"), ("name", "b"))),
    ],
)
def test_a_hopeless_question_is_not_asked(wrong):
    script = Script()
    with pytest.raises(KeyRefused, match="expected"):
        KeyCache(script).decrypt(wrong)
    assert script.calls == 0


def test_what_is_past_its_use_is_swept_out():
    cache, clock = made(Script(1, KeyRefused, KeyUnavailable))
    for name in "abc":
        first_byte(cache, name)
    clock.now = HOUR + 900
    cache.sweep()
    assert not (cache._store.keys.rows or cache._store.refusals.rows or cache._store.absences.rows)


def test_settings_out_of_bounds_are_refused():
    for wrong, expected in [
        ({"ttl": 0}, "ttl: expected 1 to 86400 seconds, found 0"),
        ({"capacity": 0}, "capacity: expected 1 to 100000 keys, found 0"),
        ({"refused_ttl": 3601}, "refused_ttl: expected 0 to 3600 seconds, found 3601"),
        ({"stale": -1}, "stale: expected 0 to 86400 seconds, found -1"),
    ]:
        with pytest.raises(ConfigError) as error:
            KeyCache(Script(), **wrong)
        assert str(error.value) == expected


def test_the_clock_follows_the_wall_where_the_machine_was_frozen(monkeypatch):
    from dastap.keys.clock import Clock as Real

    now = {"monotonic": 100.0, "time": 1000.0}
    monkeypatch.setattr(time, "monotonic", lambda: now["monotonic"])
    monkeypatch.setattr(time, "time", lambda: now["time"])
    clock = Real()
    now["monotonic"] += 1
    assert clock() == 1
    now["time"] += 3600
    assert clock() == 3600
    now["time"] -= 7200
    assert clock() == 3600


def test_a_secret_is_neither_shown_nor_pickled_and_is_wiped():
    secret = Secret(b"\x07" * 32)
    inner = secret._bytes
    assert repr(secret) == "Secret(32 bytes)"
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(secret)
    del secret
    assert inner == bytes(32)
