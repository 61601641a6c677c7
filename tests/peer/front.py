"""Services of AWS on a loopback port: moto's server behind a front that counts, fails on demand and can go away. What all
peers have in common that speak as AWS. To each of them one may say:
{"do": "fail", "operation": name, "status": 400, "code": "..Exception", "times": n, "share": 0.5} -> {}
    (of the next n requests; without a share, all)
{"do": "calls"} -> {"GetRecords": n, ...}   (requests that came, by operation)
{"do": "close"} / {"do": "open"} -> {}   (in between, connections are refused)
"""

import collections
import json
import random
import threading

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

from port import Port

REGION = "eu-west-1"
ACCOUNT = "123456789012"


class Front:
    """What a request meets before moto does."""

    def __init__(self):
        self.server = DomainDispatcherApplication(create_backend_app)
        self.calls = collections.Counter()
        self.failures = {}
        self.lock = threading.Lock()

    def __call__(self, environ, start_response):
        operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        return (self.failure(operation) or self.server)(environ, start_response)

    def failure(self, operation):
        """Counts a request; its answer, where it is to fail."""
        with self.lock:
            self.calls[operation] += 1
            answer, times, share = self.failures.get(operation, (None, 0, 0))
            if times == 0 or random.random() >= share:
                return None
            self.failures[operation] = (answer, times - 1, share)
            return answer

    def fail(self, operation, answer, times, share=1):
        with self.lock:
            self.failures[operation] = (answer, times, share)


def error(status, code):
    """The answer of a service that speaks JSON."""
    body = json.dumps({"__type": code, "message": "as the test wants it"})
    return Response(body, status, {"x-amzn-errortype": code}, content_type="application/x-amz-json-1.1")


class Quiet(WSGIRequestHandler):
    """HTTP/1.0: with each answer the connection ends, so that none outlives a server that goes away."""

    def log_request(self, *_):
        pass


class Service:
    """What a test asks for, by name. A service begins with what it has itself."""

    def __init__(self, front, handler=Quiet):
        def server(socket):
            return make_server("127.0.0.1", 0, front, threaded=True, request_handler=handler, fd=socket.fileno())

        self.front, self.port = front, Port(server)
        self.endpoint = f"http://127.0.0.1:{self.port.number}"

    def client(self, name):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(name, endpoint_url=self.endpoint, region_name=REGION, **keys)

    def fail(self, request):
        answer = error(request["status"], request["code"])
        self.front.fail(request["operation"], answer, request["times"], request.get("share", 1))

    def calls(self, _):
        return dict(self.front.calls)

    def close(self, _):
        self.port.close()

    def open(self, _):
        self.port.open()
