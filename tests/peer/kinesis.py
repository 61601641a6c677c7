"""Kinesis on a loopback port: moto's server, mended where it is not like Kinesis, behind a front that fails on demand.

The first line on stdout is {"endpoint": url}. Then, one answer a request on stdin:
{"do": "create", "stream": name, "shards": n} -> {}
{"do": "delete", "stream": name} -> {}
{"do": "put", "stream": name, "records": [{"key": text, "data": base64}, ..]} -> {}
{"do": "put_aggregated", "stream": name, "key": text, "records": [base64, ..]} -> {}   (as the KPL does it)
{"do": "split", "stream": name, "shard": id} -> {}        (in the middle of its hash keys)
{"do": "merge", "stream": name, "shards": [id, id]} -> {}        (in the order of their hash keys)
{"do": "fail", "operation": name, "status": 400, "code": "..Exception", "times": n} -> {}   (the next n requests)
{"do": "calls"} -> {"GetRecords": n, ...}   (requests that reached the front, by operation)
It ends when stdin does, so that no server outlives the test that started it.

What moto 5.2.5 does otherwise, each mended by AWS's documentation: records keep going to a shard that was split or
merged, and the shard's own records are moved; sequence numbers start at 1 in each shard; a closed shard never ends; a
page of ListShards holds everything, and the next wants the stream's name beside its token; records are limited to
1 MiB, and answers are not limited.
"""

import base64
import collections
import itertools
import json
import sys
import threading

import boto3
import kpl
from moto.kinesis import models, utils
from moto.kinesis.exceptions import InvalidArgumentError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

REGION = "eu-west-1"
ACCOUNT = "123456789012"
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


class Front:
    """What a request meets before moto does."""

    def __init__(self, server):
        self.server = server
        self.calls = collections.Counter()
        self.failures = {}
        self.lock = threading.Lock()

    def __call__(self, environ, start_response):
        operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        with self.lock:
            self.calls[operation] += 1
            failure = self.failures.get(operation)
            fails = failure is not None and failure["times"] > 0
            if fails:
                failure["times"] -= 1
        return (failure["answer"] if fails else self.server)(environ, start_response)

    def fail(self, operation, status, code, times):
        body = json.dumps({"__type": code, "message": "as the test wants it"})
        answer = Response(body, status, {"x-amzn-errortype": code}, content_type="application/x-amz-json-1.1")
        with self.lock:
            self.failures[operation] = {"answer": answer, "times": times}


class Quiet(WSGIRequestHandler):
    def log_request(self, *_):
        pass


class Service:
    def __init__(self, endpoint, front):
        self.front = front
        self.kinesis = boto3.client(
            "kinesis", endpoint_url=endpoint, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
        )

    def stream(self, request):
        return models.kinesis_backends[ACCOUNT][REGION].streams[request["stream"]]

    def create(self, request):
        self.kinesis.create_stream(StreamName=request["stream"], ShardCount=request["shards"])
        return {}

    def delete(self, request):
        self.kinesis.delete_stream(StreamName=request["stream"])
        return {}

    def put(self, request):
        # Not over HTTP: records of 10 MiB, and thousands a second, are beyond it.
        stream = self.stream(request)
        with LOCK:
            for record in request["records"]:
                stream.put_record(record["key"], "", record["data"])
        return {}

    def put_aggregated(self, request):
        data = kpl.pack(request["key"], [base64.b64decode(record) for record in request["records"]])
        record = {"key": request["key"], "data": base64.b64encode(data).decode()}
        self.put({"stream": request["stream"], "records": [record]})
        return {}

    def split(self, request):
        shard = self.stream(request).shards[request["shard"]]
        middle = (shard.starting_hash + shard.ending_hash) // 2
        self.kinesis.split_shard(
            StreamName=request["stream"], ShardToSplit=request["shard"], NewStartingHashKey=str(middle)
        )
        return {}

    def merge(self, request):
        first, second = request["shards"]
        self.kinesis.merge_shards(StreamName=request["stream"], ShardToMerge=first, AdjacentShardToMerge=second)
        return {}

    def fail(self, request):
        self.front.fail(request["operation"], request["status"], request["code"], request["times"])
        return {}

    def calls(self, _):
        return dict(self.front.calls)


def main():
    front = Front(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, front, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    service = Service(endpoint, front)
    print(json.dumps({"endpoint": endpoint}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(getattr(service, request["do"])(request)), flush=True)


if __name__ == "__main__":
    main()
