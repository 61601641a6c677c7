"""A KMS on a loopback port: moto's server behind a front that counts and can fail, driven by one JSON request a line.

The first line on stdout is {"endpoint": url, "keyId": text}. Then, one answer a request on stdin:
{"do": "encrypt", "plaintext": base64, "context": {}} -> {"ciphertext": base64}
{"do": "fail", "status": 400, "code": "..Exception", "times": 1} -> {}    (the next `Decrypt` requests; 0 times: none)
{"do": "disable"} -> {}    (the key is disabled, and `Decrypt` says so from now on: moto itself would still decrypt)
{"do": "calls"}   -> {"Decrypt": n, ...}    (requests that reached the server, by operation)
It ends when stdin does, so that no server outlives the test that started it.
"""

import base64
import collections
import json
import sys
import threading

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

REGION = "eu-west-1"


class Front:
    """What a request meets before moto does."""

    def __init__(self, server):
        self.server = server
        self.calls = collections.Counter()
        self.failure, self.failures = None, 0
        self.lock = threading.Lock()

    def __call__(self, environ, start_response):
        operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        with self.lock:
            self.calls[operation] += 1
            fails = operation == "Decrypt" and self.failures > 0
            self.failures -= fails
        return (self.failure if fails else self.server)(environ, start_response)

    def fail(self, status, code, times):
        body = json.dumps({"__type": code, "message": "as the test wants it"})
        self.failure = Response(body, status, {"x-amzn-errortype": code}, content_type="application/x-amz-json-1.1")
        self.failures = times


class Quiet(WSGIRequestHandler):
    def log_request(self, *_):
        pass


class Service:
    def __init__(self, endpoint, front):
        self.front = front
        self.kms = boto3.client(
            "kms", endpoint_url=endpoint, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
        )
        self.key_id = self.kms.create_key()["KeyMetadata"]["KeyId"]

    def encrypt(self, request):
        answer = self.kms.encrypt(
            KeyId=self.key_id,
            Plaintext=base64.b64decode(request["plaintext"]),
            EncryptionContext=request["context"],
        )
        return {"ciphertext": base64.b64encode(answer["CiphertextBlob"]).decode()}

    def fail(self, request):
        self.front.fail(request["status"], request["code"], request["times"])
        return {}

    def disable(self, _):
        self.kms.disable_key(KeyId=self.key_id)
        self.front.fail(400, "DisabledException", sys.maxsize)
        return {}

    def calls(self, _):
        return dict(self.front.calls)


def main():
    front = Front(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, front, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    service = Service(endpoint, front)
    print(json.dumps({"endpoint": endpoint, "keyId": service.key_id}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(getattr(service, request["do"])(request)), flush=True)


if __name__ == "__main__":
    main()
