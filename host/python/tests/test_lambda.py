"""The Lambda function, for both events."""

import base64
import json
import subprocess

import pytest
from dastap import ConfigError, Decoder, KeyCache, Keyring, KeyUnavailable
from dastap import aws_lambda
from dastap.aws_lambda import TryAgainError, handler


class Away:
    """The keyring, but unavailable from a record on."""

    scope = "away"

    def __init__(self, keyring, answers):
        self.keyring, self.answers = keyring, answers

    def decrypt(self, request):
        if self.answers == 0:
            raise KeyUnavailable("no connection")
        self.answers -= 1
        return self.keyring.decrypt(request)


def kinesis_event(records, resource="cluster-ABC"):
    arn = f"arn:aws:kinesis:eu-west-1:123456789012:stream/aws-rds-das-{resource}"
    data = [base64.b64encode(record).decode() for record in records]
    carried = [{"kinesis": {"data": one, "sequenceNumber": str(1000 + n)}} for n, one in enumerate(data)]
    return {"Records": [{**record, "eventSource": "aws:kinesis", "eventSourceARN": arn} for record in carried]}


def firehose_event(records, resource="cluster-ABC"):
    data = [base64.b64encode(record).decode() for record in records]
    return {
        "invocationId": "i",
        "deliveryStreamArn": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/d",
        "sourceKinesisStreamArn": f"arn:aws:kinesis:eu-west-1:123456789012:stream/aws-rds-das-{resource}",
        "records": [{"recordId": f"r{number}", "data": one} for number, one in enumerate(data)],
    }


@pytest.fixture
def keys(stream):
    return Keyring(stream.keyring)


class Sinks:
    def __init__(self):
        self.lines, self.letters = "", []

    def write(self, merged):
        self.lines += "".join(output.lines for output in merged.outputs)

    def dead_letter(self, failed, resource_id):
        self.letters.append((failed.index, failed.failure.reason, failed.record, resource_id))


def lines_of(decoder, records, resource):
    return "".join(output.lines for output in decoder.decode(records, resource).outputs)


def test_a_kinesis_batch_is_written_and_poison_goes_to_the_dead_letter(stream, keys):
    sinks, decoder = Sinks(), Decoder(keys=keys)
    function = handler(decoder, write=sinks.write, dead_letter=sinks.dead_letter)
    records = [*stream.records[:10], b"\xff", *stream.records[10:]]
    assert function(kinesis_event(records, stream.resources[0]), None) == {"batchItemFailures": []}
    assert sinks.lines == lines_of(decoder, stream.records, stream.resources[0])
    assert sinks.letters == [(10, "not-json", b"\xff", stream.resources[0])]


def test_the_real_event_of_a_trigger(stream, keys, program, tmp_path):
    event = subprocess.run(
        [program, "gen", "--engine", "mysql", "--records", "30", "--keyring", "k.json", "--format", "kinesis-event"],
        cwd=tmp_path, capture_output=True, check=True,
    )  # fmt: skip
    sinks = Sinks()
    function = handler(Decoder(keys=Keyring(tmp_path / "k.json")), write=sinks.write, dead_letter=sinks.dead_letter)
    assert function(json.loads(event.stdout), None) == {"batchItemFailures": []}
    assert sinks.lines.count("\n") > 30 and sinks.letters == []


def test_a_retryable_failure_holds_back_everything_behind_it(stream, keys):
    whole = Decoder(keys=keys)
    sinks, decoder = Sinks(), Decoder(keys=KeyCache(Away(keys, 1)))
    function = handler(decoder, write=sinks.write, dead_letter=sinks.dead_letter)
    keyed = [json.loads(record)["key"] for record in stream.records]
    other = next(index for index, key in enumerate(keyed) if key != keyed[0])
    answer = function(kinesis_event(stream.records, stream.resources[0]), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": str(1000 + other)}]}
    assert sinks.lines == lines_of(whole, stream.records[:other], stream.resources[0])
    assert sinks.letters == []


def test_what_the_sink_raises_reaches_lambda(stream, keys):
    def full(merged):
        raise OSError("full")

    function = handler(Decoder(keys=keys), write=full, dead_letter=print)
    with pytest.raises(OSError, match="full"):
        function(kinesis_event(stream.records, stream.resources[0]), None)


def test_firehose_gets_every_record_back_once(stream, keys):
    decoder = Decoder(keys=keys)
    records = [*stream.records, b"{"]
    answer = handler(decoder)(firehose_event(records, stream.resources[0]), None)
    assert [record["recordId"] for record in answer["records"]] == [f"r{number}" for number in range(61)]
    results = [record["result"] for record in answer["records"]]
    assert set(results) == {"Ok", "Dropped", "ProcessingFailed"} and results[60] == "ProcessingFailed"
    lines = "".join(base64.b64decode(record["data"]).decode() for record in answer["records"] if "data" in record)
    assert lines == lines_of(decoder, stream.records, stream.resources[0])
    assert [record["result"] == "Ok" for record in answer["records"]] == ["data" in r for r in answer["records"]]


def test_the_route_is_a_partition_key(stream, keys):
    decoder = Decoder({"rules": [{"keep": {"class": "*"}, "route": "{class}"}]}, keys=keys)
    answer = handler(decoder, partition_key="route")(firehose_event(stream.records, stream.resources[0]), None)
    found = set()
    for record in answer["records"]:
        if record["result"] == "Ok":
            events = base64.b64decode(record["data"]).decode().split("\n")[:-1]
            classes = list(dict.fromkeys(json.loads(event)["class"] for event in events))
            assert record["metadata"] == {"partitionKeys": {"route": "+".join(classes)}}
            found.add(len(classes))
    assert len(found) > 1, "records of one route and of several"


def test_the_answer_stays_below_its_limit(stream, keys, monkeypatch, caplog):
    limit = 60_000
    monkeypatch.setattr(aws_lambda, "ANSWER", limit)
    answer = handler(Decoder(keys=keys))(firehose_event(stream.records, stream.resources[0]), None)
    assert len(json.dumps(answer)) <= limit
    results = [record["result"] for record in answer["records"]]
    assert len(results) == 60 and {"Ok", "ProcessingFailed"} <= set(results)
    assert "set a smaller buffer hint" in caplog.text


def test_firehose_tries_again_while_the_key_service_is_away(stream, keys):
    function = handler(Decoder(keys=Away(keys, 0)))
    with pytest.raises(TryAgainError, match="record r0: key/unavailable"):
        function(firehose_event(stream.records, stream.resources[0]), None)


def test_data_that_is_no_base64_is_kept_as_it_came(keys):
    sinks = Sinks()
    event = kinesis_event([b"x"])
    event["Records"][0]["kinesis"]["data"] = "no base64!"
    handler(Decoder(keys=keys), write=sinks.write, dead_letter=sinks.dead_letter)(event, None)
    assert sinks.letters == [(0, "not-json", b"no base64!", "cluster-ABC")]


def test_wrong_events_and_missing_sinks_are_told(keys):
    function = handler(Decoder(keys=keys))
    with pytest.raises(ConfigError, match="expected `write` and `dead_letter`"):
        function(kinesis_event([b"x"]), None)
    for other, expected in [
        ({"source": "aws.events", "detail": {}}, "found detail, source: check what invokes this function"),
        ({"Records": [{"s3": {}}]}, "expected the event of a Kinesis trigger .* found Records: check"),
        ({}, "found nothing: check"),
    ]:
        with pytest.raises(ConfigError, match=expected):
            function(other, None)


def test_an_empty_batch_is_done(keys):
    function = handler(Decoder(keys=keys), write=print, dead_letter=print)
    assert function({"Records": []}, None) == {"batchItemFailures": []}
    assert function({"records": []}, None) == {"records": []}
