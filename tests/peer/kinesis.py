"""Kinesis on a loopback port: moto's server, mended where it is not like Kinesis; `front.py` says what it answers beside
this.

The first line on stdout is {"endpoint": url}. Then, one answer a request on stdin:
{"do": "create", "stream": name, "shards": n} -> {}
{"do": "delete", "stream": name} -> {}
{"do": "put", "stream": name, "records": [{"key": text, "data": base64}, ..]} -> {}
{"do": "put_aggregated", "stream": name, "key": text, "records": [base64, ..]} -> {}   (as the KPL does it)
{"do": "split", "stream": name, "shard": id} -> {}        (in the middle of its hash keys)
{"do": "merge", "stream": name, "shards": [id, id]} -> {}        (in the order of their hash keys)

What moto 5.2.5 does otherwise, each mended by AWS's documentation: records keep going to a shard that was split or
merged, and the shard's own records are moved; sequence numbers start at 1 in each shard; a closed shard never ends; a
page of ListShards holds everything, and the next wants the stream's name beside its token; records are limited to
1 MiB, and answers are not limited.
"""

import base64
import collections
import itertools
import threading

from moto.kinesis import models, utils
from moto.kinesis.exceptions import InvalidArgumentError

import kpl
from front import ACCOUNT, REGION, Front, Service
from port import converse

# So that three shards are already two pages.
PAGE = 2
# Bytes of records in one answer.
ANSWER = 10 << 20

SEQUENCES = itertools.count(49590338271490256608559692538361571095921575989136588898)
LOCK = threading.RLock()


def put_record(self, partition_key, data, explicit_hash_key):
    number = next(SEQUENCES)
    self.records[number] = models.Record(partition_key, data, number, explicit_hash_key)
    return str(number)


def shard_for_key(self, partition_key, explicit_hash_key):
    key = int(explicit_hash_key or 0) or int(models.md5_hash(partition_key.encode()).hexdigest(), 16)
    takes = (shard for shard in self.shards.values() if shard.starting_hash <= key <= shard.ending_hash)
    return next(shard for shard in takes if shard.is_open)


def in_place(reshard):
    """Closed shards keep their records, and their children begin empty."""

    def with_records_left(self, *arguments):
        with LOCK:
            before = {name: shard.records for name, shard in self.shards.items()}
            for shard in self.shards.values():
                shard.records = collections.OrderedDict()
            reshard(self, *arguments)
            for name, records in before.items():
                self.shards[name].records = records

    return with_records_left


original_get_records = models.KinesisBackend.get_records


def get_records(self, stream_arn, shard_iterator, limit):
    with LOCK:
        name, shard_id, last = utils.decompose_shard_iterator(shard_iterator)
        sizes = (
            len(record.data) * 3 // 4
            for number, record in self.describe_stream(stream_arn, name).get_shard(shard_id).records.items()
            if number > int(last)
        )
        fit = sum(1 for total in itertools.accumulate(sizes) if total <= ANSWER)
        following, records, behind = original_get_records(self, stream_arn, shard_iterator, min(limit, max(fit, 1)))
        name, shard_id, last = utils.decompose_shard_iterator(following)
        shard = self.describe_stream(stream_arn, name).get_shard(shard_id)
        ended = not shard.is_open and int(last) >= shard.get_max_sequence_number()
        return (None if ended else following), records, behind


def list_shards(self, stream_arn, stream_name, limit, next_token):
    if next_token and (stream_arn or stream_name):
        raise InvalidArgumentError("NextToken and StreamName cannot be provided together")
    name, start = next_token.split(":") if next_token else (stream_name, 0)
    stream = self.describe_stream(stream_arn, name)
    shards = sorted(stream.shards.values(), key=lambda shard: shard.shard_id)
    end = int(start) + min(limit, PAGE)
    return shards[int(start) : end], (f"{stream.stream_name}:{end}" if end < len(shards) else None)


models.KinesisBackend.list_shards = list_shards
models.Shard.put_record = put_record
models.Stream.get_shard_for_key = shard_for_key
models.Stream.split_shard = in_place(models.Stream.split_shard)
models.Stream.merge_shards = in_place(models.Stream.merge_shards)
models.KinesisBackend.get_records = get_records


class Kinesis(Service):
    def __init__(self):
        super().__init__(Front())
        self.kinesis = self.client("kinesis")

    def stream(self, request):
        return models.kinesis_backends[ACCOUNT][REGION].streams[request["stream"]]

    def create(self, request):
        self.kinesis.create_stream(StreamName=request["stream"], ShardCount=request["shards"])

    def delete(self, request):
        self.kinesis.delete_stream(StreamName=request["stream"])

    def put(self, request):
        # Not over HTTP: records of 10 MiB, and thousands a second, are beyond it.
        stream = self.stream(request)
        with LOCK:
            for record in request["records"]:
                stream.put_record(record["key"], "", record["data"])

    def put_aggregated(self, request):
        data = kpl.pack(request["key"], [base64.b64decode(record) for record in request["records"]])
        record = {"key": request["key"], "data": base64.b64encode(data).decode()}
        self.put({"stream": request["stream"], "records": [record]})

    def split(self, request):
        shard = self.stream(request).shards[request["shard"]]
        middle = (shard.starting_hash + shard.ending_hash) // 2
        self.kinesis.split_shard(
            StreamName=request["stream"], ShardToSplit=request["shard"], NewStartingHashKey=str(middle)
        )

    def merge(self, request):
        first, second = request["shards"]
        self.kinesis.merge_shards(StreamName=request["stream"], ShardToMerge=first, AdjacentShardToMerge=second)


if __name__ == "__main__":
    kinesis = Kinesis()
    converse(kinesis, {"endpoint": kinesis.endpoint})
