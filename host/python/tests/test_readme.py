"""The examples of the manuals do what they say."""

import base64
import json
import re
import subprocess
import sys

import pytest
from conftest import ROOT, made

SAID = "cluster-ABC123"


def examples(manual, resource):
    text = (ROOT / manual).read_text(encoding="utf-8").replace(SAID, resource)
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def world(aws, kms_records, stream, monkeypatch):
    """What the examples find: a stream with records, a bucket, and somebody who takes what is delivered."""
    resource = stream.resources[0]
    name = f"aws-rds-das-{resource}"
    aws.kinesis.create_stream(StreamName=name, ShardCount=1)
    aws.kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    entries = [{"Data": record, "PartitionKey": "p"} for record in kms_records.records]
    aws.kinesis.put_records(StreamName=name, Records=entries)
    import boto3

    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    monkeypatch.setenv("BUCKET", "bucket")
    yield resource, s3, {"records": kms_records.records, "delivered": (delivered := []), "deliver": delivered.append}
    s3.close()


def test_the_examples_of_the_package(world, capsys):
    resource, s3, names = world
    decode, trigger, transformation, kinesis, cache, vault = examples("host/python/README.md", resource)
    exec(decode, names)
    printed = capsys.readouterr().out
    kept = names["merged"].kept
    assert printed.count("\n") == kept > 100 and json.loads(printed.split("\n")[0])["clusterId"] == resource

    [quick] = examples("README.md", resource)
    exec(quick, names)
    assert capsys.readouterr().out == printed

    exec(trigger, names)
    arn = f"arn:aws:kinesis:eu-west-1:123456789012:stream/aws-rds-das-{resource}"
    data = [base64.b64encode(record).decode() for record in [*names["records"], b"{"]]
    carried = [{"kinesis": {"data": one, "sequenceNumber": "1"}, "eventSourceARN": arn} for one in data]
    for _ in range(2):  # the second time is a retry, which writes the same objects
        assert names["lambda_handler"]({"Records": carried}, None) == {"batchItemFailures": []}
    objects = {one["Key"]: one["Key"].split("/")[0] for one in s3.list_objects_v2(Bucket="bucket")["Contents"]}
    assert sorted(objects.values()) == ["events", "failed"]
    bodies = {folder: s3.get_object(Bucket="bucket", Key=key)["Body"].read() for key, folder in objects.items()}
    assert bodies["events"].decode() == names["merged"].outputs[0].lines
    assert json.loads(bodies["failed"])["error"]["reason"] == "not-json"

    exec(transformation, names)
    event = {"sourceKinesisStreamArn": arn, "records": [{"recordId": "r", "data": one} for one in data]}
    answer = names["transform_handler"](event, None)["records"]
    assert [record["result"] for record in answer].count("ProcessingFailed") == 1
    assert {"partitionKeys": {"route": "default"}} in [record.get("metadata") for record in answer]

    exec(kinesis, names)
    assert sum(merged.kept for merged in names["delivered"]) == kept and len(names["positions"]) == 1

    exec(cache, names)
    assert capsys.readouterr().out == "0 0\n"
    exec(vault, names)
    [failed] = names["decoder"].decode(names["records"][:1], resource).failures
    assert failed.failure.detail.endswith("the vault does not know this key")


def test_the_example_of_the_contract(stream, tmp_path, monkeypatch):
    [example] = examples("wit/README.md", stream.resources[0])
    (tmp_path / "dastap.wasm").symlink_to(made("dastap.wasm", "DASTAP_COMPONENT"))
    (tmp_path / "keyring.json").symlink_to(stream.keyring)
    (tmp_path / "records.ndjson").write_bytes(b"\n".join([*stream.records, b"{", b""]))
    run = subprocess.run([sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.split("\n")[:-1]
    assert len(lines) > 100 and json.loads(lines[0])["clusterId"] == stream.resources[0]
    assert lines[-1].startswith("60 envelope not-json ")


def test_the_function_is_short():
    """A drop-in of twenty lines, as it is announced."""
    trigger = examples("host/python/README.md", SAID)[1]
    assert sum(bool(line.strip()) for line in trigger.split("\n")) <= 20
