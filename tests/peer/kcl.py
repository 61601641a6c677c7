"""Kinesis and DynamoDB as the KCL wants them: moto's server, spoken to in HTTP/2 without TLS (prior knowledge).

kcl.py serve PORT               answers until the process that started it has gone
kcl.py create ENDPOINT STREAM SHARDS
kcl.py put ENDPOINT STREAM      puts each line of stdin as a record
kcl.py split ENDPOINT STREAM    splits the first open shard in two
kcl.py leases ENDPOINT TABLE STREAM
    -> {"shard": {"checkpoint": text, "last": text}}: what is saved, and the sequence number of the last record; nothing
       for a lease that nobody has made yet
"""

import asyncio
import hashlib
import json
import os
import sys
import threading
import time

import boto3

ACCESS = {"region_name": "eu-west-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}


def split_as_kinesis_does():
    """moto goes on writing to a shard that was split, moves what is in it, and never ends its reading. Kinesis writes to
    the children, leaves the records where they are, and names the children to whoever has read the parent to its end."""
    from moto.core.responses import ActionResult
    from moto.kinesis.models import Stream
    from moto.kinesis.responses import KinesisResponse
    from moto.kinesis.utils import decompose_shard_iterator

    def shard_for_key(stream, partition_key, explicit_hash_key):
        key = int(explicit_hash_key or int(hashlib.md5(partition_key.encode()).hexdigest(), 16))
        holds = (shard for shard in stream.shards.values() if shard.starting_hash <= key <= shard.ending_hash)
        return next(shard for shard in holds if shard.is_open)

    moto_split, lock = Stream.split_shard, threading.RLock()

    def split_shard(stream, name, at):
        with lock:
            shard = stream.shards[name]
            records, shard.records = shard.records, type(shard.records)()
            moto_split(stream, name, at)
            shard.records = records

    def get_records(response):
        with lock:
            return read(response)

    def read(response):
        iterator, limit = response._get_param("ShardIterator"), response._get_param("Limit")
        backend = response.kinesis_backend
        following, records, behind = backend.get_records(response._get_param("StreamARN"), iterator, limit)
        stream_name, name, _ = decompose_shard_iterator(iterator)
        stream = backend.describe_stream(stream_arn=None, stream_name=stream_name)
        answer = {"Records": [record.to_json() for record in records], "MillisBehindLatest": behind}
        shard = stream.get_shard(name)
        if shard.is_open or (limit and len(records) == limit):
            return ActionResult({**answer, "NextShardIterator": following})
        children = [other.to_json() for other in stream.shards.values() if other.parent == name]
        names = {child["ShardId"]: child["HashKeyRange"] for child in children}
        child_shards = [{"ShardId": i, "ParentShards": [name], "HashKeyRange": r} for i, r in names.items()]
        return ActionResult({**answer, "ChildShards": child_shards})

    Stream.get_shard_for_key, Stream.split_shard = shard_for_key, split_shard
    KinesisResponse.get_records = get_records


def serve(port):
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from moto.server import DomainDispatcherApplication, create_backend_app

    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    split_as_kinesis_does()
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.wsgi_max_body_size = 64 << 20
    asyncio.run(serve(DomainDispatcherApplication(create_backend_app), config, mode="wsgi"))


def client(service, endpoint):
    return boto3.client(service, endpoint_url=endpoint, **ACCESS)


def create(endpoint, stream, shards):
    client("kinesis", endpoint).create_stream(StreamName=stream, ShardCount=int(shards))


def put(endpoint, stream):
    kinesis = client("kinesis", endpoint)
    lines = sys.stdin.read().splitlines()
    for first in range(0, len(lines), 100):
        batch = enumerate(lines[first : first + 100], first)
        records = [{"Data": line.encode(), "PartitionKey": str(index)} for index, line in batch]
        answer = kinesis.put_records(StreamName=stream, Records=records)
        assert answer.get("FailedRecordCount", 0) == 0, answer


def shards(kinesis, stream):
    return kinesis.list_shards(StreamName=stream)["Shards"]


def split(endpoint, stream):
    kinesis = client("kinesis", endpoint)
    shard = next(s for s in shards(kinesis, stream) if "EndingSequenceNumber" not in s["SequenceNumberRange"])
    low, high = (int(shard["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
    middle = str((low + high) // 2)
    kinesis.split_shard(StreamName=stream, ShardToSplit=shard["ShardId"], NewStartingHashKey=middle)


def last(kinesis, stream, shard):
    start = {"StreamName": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    iterator, number = kinesis.get_shard_iterator(**start)["ShardIterator"], None
    while iterator:
        answer = kinesis.get_records(ShardIterator=iterator, Limit=10000)
        if not answer["Records"]:
            break
        number, iterator = answer["Records"][-1]["SequenceNumber"], answer.get("NextShardIterator")
    return number


def leases(endpoint, table, stream):
    items = client("dynamodb", endpoint).scan(TableName=table, ConsistentRead=True)["Items"]
    saved = {item["leaseKey"]["S"]: item["checkpoint"]["S"] for item in items}
    kinesis = client("kinesis", endpoint)
    found = {}
    for shard in shards(kinesis, stream):
        name = shard["ShardId"]
        if name in saved:
            found[name] = {"checkpoint": saved[name], "last": last(kinesis, stream, name)}
    print(json.dumps(found))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
