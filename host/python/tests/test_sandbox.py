"""A guest that misbehaves on request (`guest/src/faults.rs`) is contained: its record fails alone, all others decode."""

import logging
import subprocess
import sys
import time

import pytest
from dastap import Decoded, Decoder, KeyCache, Keyring, KeyUnavailable
from dastap.sandbox.instance import Instance
from dastap.sandbox.limits import limits_for
from wasmtime import Store

NO_KEYS = Keyring.from_json('{"keys":[]}')
GOOD = (
    b'{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":'
    b'{"clusterId":"c","instanceId":"i","databaseActivityEventList":[{"command":"SELECT"}]}}'
)
FAULTS = [("panic", "trapped", {}), ("loop", "timed-out", {"time_limit": 0.2}), ("memory", "out-of-memory", {})]


def fault(name):
    return b'{"fault":"%s"}' % name.encode()


@pytest.mark.parametrize(("name", "reason", "limits"), FAULTS)
def test_a_fault_fails_its_record_alone(faulty, name, reason, limits):
    decoder = Decoder(keys=NO_KEYS, component=faulty, workers=1, memory_limit=64 << 20, **limits)
    batch = [GOOD, fault(name), GOOD]
    first, failed, last = decoder.decode_each(batch)
    assert (first.kept, last.kept) == (1, 1)
    assert (failed.index, failed.record) == (1, batch[1])
    assert (failed.failure.stage, failed.failure.reason, failed.failure.retryable) == ("guest", reason, False)
    merged = decoder.decode(batch)
    assert (merged.kept, [output.events for output in merged.outputs]) == (2, [2])
    assert merged.failures == (failed,)
    assert sum(count.value for count in decoder.counts() if count.name == "kept") == 4


def test_a_record_that_fails_once_is_tried_again_in_a_fresh_instance(faulty):
    decoder = Decoder(keys=NO_KEYS, component=faulty, workers=1)
    assert decoder.decode([GOOD]).kept == 1
    # Panics in an instance that has decoded before, and only there.
    [failed] = decoder.decode([fault("panic-when-warm")]).failures
    assert failed.failure.stage == "envelope"


def test_an_oversize_question_costs_its_record_and_nothing_else(faulty):
    decoder = Decoder(keys=NO_KEYS, component=faulty, workers=1)
    good, failed = decoder.decode_each([GOOD, fault("huge-question")])
    assert good.kept == 1 and failed.failure.stage in ("envelope", "guest")


def test_a_batch_that_does_not_fit_is_decoded_in_parts(caplog):
    decoder = Decoder(keys=NO_KEYS, workers=1, memory_limit=24 << 20)
    events = b",".join(b'{"command":"%d"}' % number for number in range(40_000))
    large = GOOD.replace(b'{"command":"SELECT"}', events)
    with caplog.at_level(logging.DEBUG, "dastap.sandbox"):
        merged = decoder.decode([large] * 4)
    assert (merged.kept, merged.failures, merged.outputs[0].events) == (160_000, (), 160_000)
    assert "are too large for one answer" in caplog.text


def test_a_record_beyond_the_memory_fails_for_that_reason():
    decoder = Decoder(keys=NO_KEYS, workers=1, memory_limit=8 << 20)
    good, failed = decoder.decode_each([GOOD, b"x" * (16 << 20)])
    assert isinstance(good, Decoded) and failed.failure.reason == "out-of-memory"
    assert failed.failure.detail == "wanted more memory than its limit of 8388608 bytes"


@pytest.mark.parametrize(
    ("config", "mebibytes"),
    [
        ({}, 234),
        ({"rules": [{"keep": {}}]}, 314),
        ({"limits": {"record": "1 MiB", "plaintext": "4MiB"}}, 72),
        ({"limits": {"record": 1 << 20, "plaintext": 4 << 20}}, 72),
        ({"limits": {"record": "wrong", "plaintext": None}}, 234),
    ],
)
def test_memory_follows_from_the_limits(config, mebibytes):
    """The figures of `CallLimits` in the Rust host."""
    limits = limits_for(config, 10.0, None)
    assert limits.memory == mebibytes << 20
    assert limits.memory_for(1) == limits.memory >= limits.memory_for(2) == min(limits.memory, limits.fixed + (80 << 20))


def test_worn_instances_are_replaced(generate, monkeypatch):
    made = []
    opened = Instance.__init__

    def counted(self, *arguments):
        made.append(self)
        opened(self, *arguments)

    monkeypatch.setattr(Instance, "__init__", counted)
    bomb = generate("--engine", "mysql", "--records", "2", "--fault", "gzip-bomb")
    decoder = Decoder({"resources": bomb.resources}, keys=Keyring(bomb.keyring), workers=1)
    for number in range(1, 4):
        [failed] = decoder.decode(bomb.records).failures
        assert str(failed.failure).startswith("gunzip/too-large") and len(made) == number
    decoder.decode([GOOD])
    decoder.decode([GOOD])
    assert len(made) == 4


def test_a_forked_process_has_deadlines_too(faulty):
    """What forking servers do: the decoder is made before, and the thread that ticks is not there afterwards."""
    program = f"""
import os, sys
from dastap import Decoder, Keyring
decoder = Decoder(keys=Keyring.from_json('{{"keys":[]}}'), component={str(faulty)!r}, workers=1, time_limit=0.2)
good, loop = {GOOD!r}, {fault("loop")!r}
assert decoder.decode([good]).kept == 1
child = os.fork()
merged = decoder.decode([good, loop])
if child == 0:
    os._exit(merged.kept)
status = os.waitpid(child, 0)[1]
print(os.WEXITSTATUS(status), merged.kept, merged.failures[0].failure.reason)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert run.stdout == "1 1 timed-out\n", run.stderr


class Slow:
    """A provider that takes its time."""

    scope = "slow"

    def __init__(self, action):
        self.action = action

    def decrypt(self, request):
        return self.action(request)


def test_waiting_for_a_key_is_not_computing(stream):
    ring = Keyring(stream.keyring)

    def answer(request):
        time.sleep(0.6)
        return ring.decrypt(request)

    decoder = Decoder(keys=Slow(answer), workers=1, time_limit=0.3)
    merged = decoder.decode(stream.records, stream.resources[0])
    assert merged.failures == () and decoder.keys.stats.calls == 4


def test_an_interrupt_while_waiting_reaches_the_caller(stream):
    answers = [KeyboardInterrupt(), None]
    ring = Keyring(stream.keyring)

    def answer(request):
        if answers:
            error = answers.pop(0)
            if error:
                raise error
        return ring.decrypt(request)

    decoder = Decoder(keys=Slow(answer), workers=1)
    with pytest.raises(KeyboardInterrupt):
        decoder.decode(stream.records, stream.resources[0])
    assert decoder.decode(stream.records, stream.resources[0]).failures == ()


def test_a_provider_that_breaks_makes_records_retryable_and_tells_nothing(stream, caplog):
    def answer(request):
        raise RuntimeError("secret-in-a-message")

    decoder = Decoder(keys=KeyCache(Slow(answer)), workers=1)
    [failed] = decoder.decode(stream.records[:1], stream.resources[0]).failures
    assert failed.failure.retryable and (failed.failure.stage, failed.failure.reason) == ("key", "unavailable")
    assert "RuntimeError" in failed.failure.detail
    assert "secret-in-a-message" not in caplog.text + repr(failed)


def test_texts_of_a_provider_need_not_be_unicode(stream):
    def answer(request):
        raise KeyUnavailable("half \ud800")

    [failed] = Decoder(keys=Slow(answer)).decode(stream.records[:1], stream.resources[0]).failures
    assert "half \\ud800" in failed.failure.detail


def test_values_are_those_of_the_wasmtime_package(stream):
    """`border.py` reads what the package's own conversions read."""
    from dastap.sandbox import component, keys_import
    from dastap.sandbox.border import Option, call

    sandbox = component.sandbox(component.component_file())
    store = Store(sandbox.engine)
    store.set_epoch_deadline(10_000)

    class Answering:
        def key(self, request):
            return Keyring(stream.keyring).decrypt(request)

    with keys_import.answered_by(Answering()):
        instance = sandbox.linker.instantiate(store, sandbox.component)
        transform = instance.get_func(store, sandbox.open)(store, '{"rules":[{"keep":{"class":"*"},"route":"{class}"}]}')
        batch = [*stream.records[:20], b"{", b""]
        for export in (sandbox.decode, sandbox.decode_merged):
            for resource in (stream.resources[0], None):
                function = instance.get_func(store, export)
                theirs = function(store, transform, [record.decode() for record in batch], resource)
                option = Option(resource and resource.encode())
                assert call(function, store, [transform, batch, option]) == plain(theirs)
        function = instance.get_func(store, sandbox.counts)
        assert call(function, store, [transform]) and not call(function, store, [transform])


def plain(value):
    """A value of the package as `border.py` gives it."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(plain, value))
    if hasattr(value, "tag"):
        return value.tag, plain(value.payload)
    return {name: plain(part) for name, part in vars(value).items()} if hasattr(value, "__dict__") else value
