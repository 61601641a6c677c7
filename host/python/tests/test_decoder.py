"""The decoder as its users see it."""

import dataclasses
import json
import subprocess
import threading

import pytest
from dastap import ConfigError, Count, Decoded, Decoder, Failed, Failure, Keyring, SandboxError

PLAIN = '{"type":"DatabaseActivityMonitoringRecords","databaseActivityEvents":{"databaseActivityEventList":[%s]}}'


@pytest.fixture
def decoder(stream):
    return Decoder(keys=Keyring(stream.keyring))


def events(stream):
    """What must come out of the stream, heartbeats left out."""
    lists = [record["envelope"]["databaseActivityEventList"] for record in stream.expected]
    return [event for events in lists for event in events if event["type"] != "heartbeat"]


def found(outputs):
    """The events in the outputs, without the members that the decoder put in front."""
    lines = [json.loads(line) for output in outputs for line in output.lines.split("\n")[:-1]]
    return [{name: value for name, value in line.items() if name not in FRONT} for line in lines]


FRONT = ("eventId", "clusterId", "instanceId")


def test_a_batch_gives_every_event_in_order(stream, decoder):
    merged = decoder.decode(stream.records, stream.resources[0])
    assert found(merged.outputs) == events(stream)
    assert (merged.failures, merged.kept) == ((), len(events(stream)))
    assert [(output.route, output.events) for output in merged.outputs] == [("default", merged.kept)]
    assert merged.heartbeats == merged.dropped > 0
    assert decoder.keys.stats.calls == 4


def test_one_verdict_per_record_in_order(stream, decoder):
    verdicts = decoder.decode_each(stream.records, stream.resources[0])
    assert all(isinstance(verdict, Decoded) for verdict in verdicts) and len(verdicts) == 60
    assert found([output for verdict in verdicts for output in verdict.outputs]) == events(stream)


@pytest.mark.parametrize("form", [bytes.decode, bytes, bytearray, memoryview])
def test_records_may_be_text_or_bytes(stream, decoder, form):
    batch = [form(record) for record in stream.records[:3]]
    assert decoder.decode(batch, stream.resources[0]) == decoder.decode(stream.records[:3], stream.resources[0])
    assert decoder.decode(iter(batch), stream.resources[0]).kept > 0


def test_what_is_not_utf8_fails_alone_and_is_kept(stream, decoder):
    good = stream.records[0]
    batch = [b"\xff\xfe", good, '{"type":"\ud800"}', good, b"{"]
    merged = decoder.decode(batch, stream.resources[0])
    assert [(failed.index, failed.record) for failed in merged.failures] == [
        (0, b"\xff\xfe"),
        (2, b'{"type":"\xed\xa0\x80"}'),
        (4, b"{"),
    ]
    for failed in merged.failures[:2]:
        detail = "expected JSON in UTF-8, found bytes that are not UTF-8"
        assert failed.failure == Failure("envelope", "not-json", detail, False)
    assert str(merged.failures[2].failure).startswith("envelope/not-json: ")
    verdicts = decoder.decode_each(batch, stream.resources[0])
    assert tuple(verdict for verdict in verdicts if isinstance(verdict, Failed)) == merged.failures
    assert verdicts[1] == verdicts[3] == decoder.decode_each([good], stream.resources[0])[0]


def test_an_empty_batch_is_a_batch(decoder):
    assert decoder.decode([]) == dataclasses.replace(decoder.decode([]), outputs=(), failures=(), kept=0)
    assert decoder.decode_each([]) == []


def test_more_records_than_one_call_takes(stream, decoder):
    merged = decoder.decode(stream.records * 5, stream.resources[0])
    assert found(merged.outputs) == events(stream) * 5
    failed = decoder.decode([b"{"] * 250 + [stream.records[0]])
    assert [failed.index for failed in failed.failures] == list(range(251))


def test_without_a_resource_the_configured_ones_are_tried(stream):
    resources = ["cluster-OTHER", *stream.resources]
    decoder = Decoder({"resources": resources}, keys=Keyring(stream.keyring))
    assert found(decoder.decode(stream.records).outputs) == events(stream)
    [failed] = Decoder(keys=Keyring(stream.keyring)).decode(stream.records[:1]).failures
    assert (failed.failure.stage, failed.failure.reason) == ("key", "no-resource")


def test_routes_counts_and_explanations(stream):
    config = {"rules": [{"name": "reads", "keep": {"class": "READ"}, "route": "reads"}], "otherwise": "drop"}
    decoder = Decoder(config, keys=Keyring(stream.keyring))
    reads = [event for event in events(stream) if event.get("class") == "READ"]
    merged = decoder.decode(stream.records, stream.resources[0])
    assert [output.route for output in merged.outputs] == ["reads"] and found(merged.outputs) == reads
    counts = decoder.counts()
    assert sum(count.value for count in counts if count.name == "kept.rule.reads") == len(reads)
    assert {count.cluster for count in counts} == {stream.resources[0]} and isinstance(counts[0], Count)
    assert decoder.counts() == ()
    explained = decoder.explain(stream.records[0], stream.resources[0])
    assert all(event["by"] for event in explained["events"])
    assert decoder.inspect(stream.records[0])["message"]["suite"]["id"] == "0x0178"
    assert decoder.explain(b"\xff")["failure"]["reason"] == decoder.inspect(b"\xff")["failure"]["reason"] == "not-json"


def test_verdicts_are_frozen(decoder):
    merged = decoder.decode([PLAIN % '{"type":"record"}'])
    with pytest.raises(dataclasses.FrozenInstanceError):
        merged.kept = 0
    assert isinstance(merged.outputs, tuple) and hash(merged) == hash(dataclasses.replace(merged))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"heartbeat": "drop"}, "transform.heartbeat: unknown setting; did you mean `heartbeats`?"),
        ({"limits": {"plaintext": "1TiB"}}, "transform.limits.plaintext: "),
        ({"rules": object()}, "config: expected what JSON can hold: "),
        ([], "config: expected a mapping, the `transform` section, found list"),
    ],
)
def test_a_wrong_setting_is_named(stream, config, expected):
    with pytest.raises(ConfigError) as error:
        Decoder(config, keys=Keyring(stream.keyring))
    assert str(error.value).startswith(expected)


def test_wrong_arguments_say_what_was_expected(stream, decoder, tmp_path):
    keys = Keyring(stream.keyring)
    for arguments, expected in [
        ({"workers": 0}, "workers: expected 1 or more, found 0"),
        ({"time_limit": 0}, "time_limit: expected more than 0 seconds, found 0"),
    ]:
        with pytest.raises(ConfigError, match=expected):
            Decoder(keys=keys, **arguments)
    with pytest.raises(SandboxError, match="none.wasm cannot be loaded"):
        Decoder(keys=keys, component=tmp_path / "none.wasm")
    with pytest.raises(SandboxError, match="the sandbox cannot start"):
        Decoder(keys=keys, memory_limit=1 << 16)
    for batch, expected in [(b"{}", "one record is \\[record\\]"), ([5], "expected records of type str or bytes")]:
        with pytest.raises(TypeError, match=expected):
            decoder.decode(batch)


def test_threads_share_a_decoder(stream):
    decoder = Decoder(keys=Keyring(stream.keyring), workers=2)
    expected = decoder.decode(stream.records, stream.resources[0])
    results = []

    def work():
        for _ in range(5):
            results.append(decoder.decode(stream.records, stream.resources[0]))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 40
    records = sum(count.value for count in decoder.counts() if count.name == "records")
    assert records == 41 * 60
    assert decoder.keys.stats.calls == 4


def test_a_dead_letter_goes_back_into_the_program(stream, program, tmp_path):
    odd = [b"\xff", b"{\n}", b"[NaN]", b'{"type":"x"}', b'{"a":1.50}']
    lost = Decoder(keys=Keyring.from_json('{"keys":[]}')).decode([*stream.records[:5], *odd], stream.resources[0])
    lines = "".join(failed.dead_letter(stream.resources[0]) for failed in lost.failures)
    letter = tmp_path / "failed.ndjson"
    letter.write_text(lines, encoding="utf-8")
    decode = [program, "decode", "--keyring", stream.keyring, "--dead-letter", "again.ndjson", letter]
    again = subprocess.run(decode, cwd=tmp_path, capture_output=True)
    expected = Decoder(keys=Keyring(stream.keyring)).decode(stream.records[:5], stream.resources[0])
    assert again.stdout.decode() == expected.outputs[0].lines
    # What fails again is told in the same words, so the program and this host write the same file.
    assert [json.loads(line) for line in (tmp_path / "again.ndjson").read_text().split("\n")[:-1]] == [
        json.loads(line) for line in lines.split("\n")[5:-1]
    ]
