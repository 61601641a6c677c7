"""Services of AWS on a loopback port: moto's server behind a front that counts, notes and can fail, driven by one JSON
request a line.

The first line on stdout is {"endpoint": url}. Then, one answer a request on stdin:
{"do": "call", "service": "sns", "operation": "create_topic", "arguments": {}} -> the answer of boto3
{"do": "calls"}   -> {"Publish": n, ...}    (requests that reached the server or were failed, by operation)
{"do": "fail", "operation": "Publish", "status": 400, "code": "..", "times": 1} -> {}    (the next requests)
{"do": "reject", "every": 3, "times": 2} -> {}    (the next `PutRecordBatch` requests: every third record is not taken)
{"do": "records"} -> {"requests": [[base64, ...], ...]}    (what `PutRecordBatch` requests held that were taken)
It ends when stdin does, so that no server outlives the test that started it.
"""

import base64
import collections
import io
import json
import sys
import threading
import urllib.parse

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

REGION = "eu-west-1"
REJECTED = {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}


class Front:
    """What a request meets before moto does."""

    def __init__(self, server):
        self.server = server
        self.calls = collections.Counter()
        self.failures = {}
        self.every, self.rejections = 0, 0
        self.taken = []
        self.lock = threading.Lock()

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        operation = operation_of(environ, body)
        with self.lock:
            self.calls[operation] += 1
            response, times = self.failures.get(operation, (None, 0))
            if times > 0:
                self.failures[operation] = (response, times - 1)
                return response(environ, start_response)
        if operation == "PutRecordBatch":
            return self.put_record_batch(body, environ)(environ, start_response)
        return self.server(with_body(environ, body), start_response)

    def put_record_batch(self, body, environ):
        """Takes all records, or all but some, as a delivery stream does whose throughput is used up."""
        request = json.loads(body)
        records = request["Records"]
        with self.lock:
            rejects = self.rejections > 0
            self.rejections -= rejects
            rejected = [rejects and place % self.every == self.every - 1 for place in range(len(records))]
            taken = [record for record, is_rejected in zip(records, rejected) if not is_rejected]
            self.taken.append([record["Data"] for record in taken])
        if taken:
            environ = with_body(environ, json.dumps({**request, "Records": taken}).encode())
            answer = Response.from_app(self.server, environ)
            if answer.status_code != 200:
                return answer
        answers = [REJECTED if is_rejected else {"RecordId": str(n)} for n, is_rejected in enumerate(rejected)]
        body = {"FailedPutCount": sum(rejected), "Encrypted": False, "RequestResponses": answers}
        return Response(json.dumps(body), content_type="application/x-amz-json-1.1")

    def fail(self, operation, status, code, times):
        if operation == "Publish":
            error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>as the test wants it</Message></Error>"
            response = Response(f"<ErrorResponse>{error}</ErrorResponse>", status, content_type="text/xml")
        else:
            body = json.dumps({"__type": code, "message": "as the test wants it"})
            headers = {"x-amzn-errortype": code}
            response = Response(body, status, headers, content_type="application/x-amz-json-1.1")
        self.failures[operation] = (response, times)


def operation_of(environ, body):
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if target or "urlencoded" not in environ.get("CONTENT_TYPE", ""):
        return target
    return urllib.parse.parse_qs(body.decode()).get("Action", [""])[0]


def with_body(environ, body):
    return {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}


class Quiet(WSGIRequestHandler):
    def log_request(self, *_):
        pass


class Services:
    def __init__(self, endpoint, front):
        self.endpoint, self.front, self.clients = endpoint, front, {}

    def call(self, request):
        service = request["service"]
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service,
                endpoint_url=self.endpoint,
                region_name=REGION,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        answer = getattr(self.clients[service], request["operation"])(**request["arguments"])
        answer.pop("ResponseMetadata", None)
        return answer

    def calls(self, _):
        return dict(self.front.calls)

    def fail(self, request):
        self.front.fail(request["operation"], request["status"], request["code"], request["times"])
        return {}

    def reject(self, request):
        self.front.every, self.front.rejections = request["every"], request["times"]
        return {}

    def records(self, _):
        return {"requests": self.front.taken}


def plain(value):
    """What JSON has no word for: the body of an object as base64, a time as text."""
    return base64.b64encode(value.read()).decode() if hasattr(value, "read") else str(value)


def main():
    front = Front(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, front, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    services = Services(endpoint, front)
    print(json.dumps({"endpoint": endpoint}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(getattr(services, request["do"])(request), default=plain), flush=True)


if __name__ == "__main__":
    main()
