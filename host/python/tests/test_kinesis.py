"""The Kinesis reader through real boto3, against moto's server."""

import itertools
import time
from collections import OrderedDict
from datetime import datetime, timedelta, timezone

import pytest
from dastap import Decoder, KmsKeys
from dastap import kinesis as module
from dastap.kinesis import read
from moto.kinesis.models import KinesisBackend, Stream
from moto.kinesis.utils import decompose_shard_iterator

STREAM = "aws-rds-das-cluster-ABC"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "POLL", 0.01)
    monkeypatch.setattr(module, "PAUSE", 0.01)


@pytest.fixture(autouse=True)
def closed_shards_end(monkeypatch):
    """What Kinesis does and moto does not: a shard that was split keeps its records, gets no more, and has an end."""
    split, get, find = Stream.split_shard, KinesisBackend.get_records, Stream.get_shard_for_key

    def split_shard(self, shard_to_split, new_starting_hash_key):
        shard = self.shards[shard_to_split]
        records, shard.records = shard.records, OrderedDict()
        split(self, shard_to_split, new_starting_hash_key)
        shard.records = records

    def get_records(self, stream_arn, shard_iterator, limit):
        name, shard_id, _ = decompose_shard_iterator(shard_iterator)
        following, records, behind = get(self, stream_arn, shard_iterator, limit)
        shard = self.describe_stream(stream_arn, name).shards[shard_id]
        return following if shard.is_open or records else None, records, behind

    def get_shard_for_key(self, *key):
        with monkeypatch.context() as patch:
            patch.setattr(self, "shards", {name: shard for name, shard in self.shards.items() if shard.is_open})
            return find(self, *key)

    monkeypatch.setattr(Stream, "split_shard", split_shard)
    monkeypatch.setattr(Stream, "get_shard_for_key", get_shard_for_key)
    monkeypatch.setattr(KinesisBackend, "get_records", get_records)


@pytest.fixture
def kinesis(aws):
    aws.kinesis.create_stream(StreamName=STREAM, ShardCount=2)
    aws.kinesis.get_waiter("stream_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 1})
    return aws.kinesis


def put(kinesis, *names, stream=STREAM):
    """Records that are their own partition keys."""
    entries = [{"Data": name.encode(), "PartitionKey": name} for name in names]
    kinesis.put_records(StreamName=stream, Records=entries)


def names(first, count):
    return [f"record {number}" for number in range(first, first + count)]


def texts(polled):
    return [record.decode() for one in polled for record in one.records]


def positions(polled):
    return {one.shard: one.sequence_number for one in polled}


def test_every_record_of_every_shard_in_order(kinesis):
    put(kinesis, *names(0, 50))
    polled = list(read(kinesis, STREAM, start="TRIM_HORIZON", limit=7, until_end=True))
    assert sorted(texts(polled)) == sorted(names(0, 50))
    assert {one.resource_id for one in polled} == {"cluster-ABC"}
    for shard, batches in itertools.groupby(sorted(polled, key=lambda one: one.shard), lambda one: one.shard):
        numbers = [int(text.split()[1]) for text in texts(batches)]
        assert numbers == sorted(numbers) and numbers, shard
    assert max(len(one.records) for one in polled) == 7


def test_a_later_run_goes_on_where_the_first_one_stopped(kinesis):
    put(kinesis, *names(0, 20))
    earlier = list(read(kinesis, STREAM, start="TRIM_HORIZON", until_end=True))
    put(kinesis, *names(20, 20))
    later = list(read(kinesis, STREAM, start="TRIM_HORIZON", positions=positions(earlier), until_end=True))
    assert sorted(texts(later)) == sorted(names(20, 20))


def test_latest_and_a_time(kinesis):
    put(kinesis, *names(0, 5))
    reading = read(kinesis, STREAM, until_end=True)
    assert texts(reading) == []
    hour = timedelta(hours=1)
    now = datetime.now(timezone.utc)
    assert len(texts(read(kinesis, STREAM, start=now - hour, until_end=True))) == 5
    assert texts(read(kinesis, STREAM, start=now + hour, until_end=True)) == []


def test_it_waits_for_records_that_come_later(kinesis):
    turns = itertools.count()

    def sleep(seconds):
        if next(turns) == 3:
            put(kinesis, *names(0, 4))
        time.sleep(seconds)

    reading = read(kinesis, STREAM, start="TRIM_HORIZON", sleep=sleep)
    found = []
    while len(found) < 4:
        found += texts([next(reading)])
    assert sorted(found) == names(0, 4)


def test_children_begin_when_their_parents_have_ended(kinesis):
    put(kinesis, *names(0, 30))
    parents = kinesis.list_shards(StreamName=STREAM)["Shards"]
    split(kinesis, parents[0])
    put(kinesis, *names(30, 30))
    polled = list(read(kinesis, STREAM, start="TRIM_HORIZON", limit=4, until_end=True))
    assert sorted(texts(polled)) == sorted(names(0, 60))
    shards = [one.shard for one in polled]
    children = {shard["ShardId"] for shard in kinesis.list_shards(StreamName=STREAM)["Shards"]} - {
        parent["ShardId"] for parent in parents
    }
    last_of_parent = max(index for index, shard in enumerate(shards) if shard == parents[0]["ShardId"])
    first_of_child = min(index for index, shard in enumerate(shards) if shard in children)
    assert last_of_parent < first_of_child
    # A run that resumes does not read the parent again, even if nobody kept its position.
    kept = {shard: number for shard, number in positions(polled).items() if shard != parents[0]["ShardId"]}
    assert texts(read(kinesis, STREAM, start="TRIM_HORIZON", positions=kept, until_end=True)) == []
    # And the newest records are none of those that closed shards hold.
    assert texts(read(kinesis, STREAM, start="LATEST", until_end=True)) == []


def test_a_stream_that_is_split_while_it_is_read(kinesis):
    put(kinesis, *names(0, 10))
    reading = read(kinesis, STREAM, start="TRIM_HORIZON")
    found = []
    while len(found) < 10:
        found += texts([next(reading)])
    for shard in kinesis.list_shards(StreamName=STREAM)["Shards"]:
        split(kinesis, shard)
    put(kinesis, *names(10, 30))
    while len(found) < 40:
        found += texts([next(reading)])
    assert sorted(found) == sorted(names(0, 40))


def split(kinesis, shard):
    low, high = (int(shard["HashKeyRange"][name]) for name in ("StartingHashKey", "EndingHashKey"))
    half = str((low + high) // 2)
    kinesis.split_shard(StreamName=STREAM, ShardToSplit=shard["ShardId"], NewStartingHashKey=half)


def is_open(shard):
    return "EndingSequenceNumber" not in shard["SequenceNumberRange"]


@pytest.mark.parametrize("start", ["LATEST", "TRIM_HORIZON"])
def test_what_came_while_nobody_read_is_read_also_in_new_shards(kinesis, start):
    put(kinesis, *names(0, 20))
    kept = positions(read(kinesis, STREAM, start="TRIM_HORIZON", until_end=True))
    for turn in (1, 2):
        for shard in filter(is_open, kinesis.list_shards(StreamName=STREAM)["Shards"]):
            split(kinesis, shard)
        put(kinesis, *names(20 * turn, 20))
    assert len(kinesis.list_shards(StreamName=STREAM)["Shards"]) == 14
    later = read(kinesis, STREAM, start=start, positions=kept, until_end=True)
    assert sorted(texts(later)) == sorted(names(20, 40))


def test_expired_iterators_and_throttling_lose_nothing(aws, kinesis):
    put(kinesis, *names(0, 40))
    polled = []
    for one in read(kinesis, STREAM, start="TRIM_HORIZON", limit=5, until_end=True):
        polled.append(one)
        aws.front.codes["GetRecords"] += ["ExpiredIteratorException"] * (len(polled) % 3 == 0)
        # More often than boto3 tries by itself.
        aws.front.codes["GetRecords"] += ["ProvisionedThroughputExceededException"] * 6 * (len(polled) == 4)
    assert sorted(texts(polled)) == sorted(names(0, 40))
    assert not aws.front.codes["GetRecords"]


def test_other_failures_are_passed_on(aws, kinesis):
    aws.front.codes["GetRecords"] += ["AccessDeniedException"]
    with pytest.raises(kinesis.exceptions.ClientError, match="AccessDeniedException"):
        next(read(kinesis, STREAM, start="TRIM_HORIZON"))


def test_a_stream_of_another_name_tells_no_resource(aws):
    aws.kinesis.create_stream(StreamName="copies", ShardCount=1)
    aws.kinesis.get_waiter("stream_exists").wait(StreamName="copies", WaiterConfig={"Delay": 1})
    put(aws.kinesis, "x", stream="copies")
    arn = aws.kinesis.describe_stream(StreamName="copies")["StreamDescription"]["StreamARN"]
    for stream in ("copies", arn):
        [polled] = read(aws.kinesis, stream, start="TRIM_HORIZON", until_end=True)
        assert (polled.resource_id, polled.records) == (None, (b"x",))


def test_from_kinesis_and_kms_to_events(aws, kms_records, stream):
    name = f"aws-rds-das-{stream.resources[0]}"
    aws.kinesis.create_stream(StreamName=name, ShardCount=2)
    aws.kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    entries = [{"Data": record, "PartitionKey": str(n)} for n, record in enumerate(kms_records.records)]
    aws.kinesis.put_records(StreamName=name, Records=entries)
    decoder = Decoder(keys=KmsKeys())
    kept = 0
    for polled in read(aws.kinesis, name, start="TRIM_HORIZON", limit=9, until_end=True):
        merged = decoder.decode(polled.records, polled.resource_id)
        assert merged.failures == ()
        kept += merged.kept
    assert kept == decoder.decode(kms_records.records, stream.resources[0]).kept > 100
    assert aws.front.calls["Decrypt"] == kms_records.data_keys
