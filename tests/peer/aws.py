"""Services of AWS on a loopback port, driven by one JSON request a line: `front.py` says what it answers beside this.

The first line on stdout is {"endpoint": url}. Then, one answer a request on stdin:
{"do": "call", "service": "sns", "operation": "create_topic", "arguments": {}} -> the answer of boto3
{"do": "reject", "every": 3, "times": 2} -> {}    (the next `PutRecordBatch` requests: every third record is not taken)
{"do": "records"} -> {"requests": [[base64, ...], ...]}    (what `PutRecordBatch` requests held that were taken)
"""

import base64
import io
import json
import urllib.parse

from werkzeug.wrappers import Response

from front import Front, Service, error
from port import converse

REJECTED = {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}


class AwsFront(Front):
    """Looks into the requests: operations of older services stand in the body."""

    def __init__(self):
        super().__init__()
        self.every, self.rejections = 0, 0
        self.taken = []

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        operation = operation_of(environ, body)
        failure = self.failure(operation)
        if failure is None and operation == "PutRecordBatch":
            return self.put_record_batch(body, environ)(environ, start_response)
        return (failure or self.server)(with_body(environ, body), start_response)

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


def operation_of(environ, body):
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if target or "urlencoded" not in environ.get("CONTENT_TYPE", ""):
        return target
    return urllib.parse.parse_qs(body.decode()).get("Action", [""])[0]


def with_body(environ, body):
    return {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}


class Aws(Service):
    def __init__(self):
        super().__init__(AwsFront())
        self.clients = {}

    def call(self, request):
        service = request["service"]
        if service not in self.clients:
            self.clients[service] = self.client(service)
        answer = getattr(self.clients[service], request["operation"])(**request["arguments"])
        answer.pop("ResponseMetadata", None)
        return answer

    def fail(self, request):
        code, answer = request["code"], error(request["status"], request["code"])
        if request["operation"] == "Publish":
            body = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>as the test wants it</Message></Error>"
            body = f"<ErrorResponse>{body}</ErrorResponse>"
            answer = Response(body, request["status"], content_type="text/xml")
        self.front.fail(request["operation"], answer, request["times"])

    def reject(self, request):
        self.front.every, self.front.rejections = request["every"], request["times"]

    def records(self, _):
        return {"requests": self.front.taken}


def plain(value):
    """What JSON has no word for: the body of an object as base64, a time as text."""
    return base64.b64encode(value.read()).decode() if hasattr(value, "read") else str(value)


if __name__ == "__main__":
    aws = Aws()
    converse(aws, {"endpoint": aws.endpoint}, default=plain)
