"""S3 and KMS on a loopback port: moto's server behind a front that can fail, driven by one JSON request a line.

The first line on stdout is {"endpoint": url, "keyId": text}; the bucket "das" is there. Then, one answer a request:
{"do": "put", "key": text, "body": base64} -> {}
{"do": "objects"} -> {"objects": [{"key": text, "type": text, "body": base64}, ..]}    (all, by name)
{"do": "uploads"} -> {"uploads": n}    (uploads in parts that are neither complete nor called off)
{"do": "encrypt", "plaintext": base64, "context": {}} -> {"ciphertext": base64}
{"do": "fail", "method": "PUT", "status": 503, "times": 3} -> {}    (the next requests to S3 with this method)
{"do": "calls"} -> {"PUT": n, "part": n, ..}    (requests to S3 that reached the server, by method; parts also apart)
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
BUCKET = "das"


class Front:
    """What a request meets before moto does."""

    def __init__(self, server):
        self.server = server
        self.calls = collections.Counter()
        self.method, self.status, self.failures = None, 503, 0
        self.lock = threading.Lock()

    def __call__(self, environ, start_response):
        # The program's own: the peer's requests are not counted and do not fail.
        is_s3 = "/s3/aws4_request" in environ.get("HTTP_AUTHORIZATION", "")
        is_peer = "Boto3" in environ.get("HTTP_USER_AGENT", "")
        # Google's clients sign otherwise, or not at all; moto wants the form of a signature, and does not check it.
        if not environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4"):
            environ["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/s3/aws4_request"
        if not is_s3 or is_peer:
            return self.server(environ, start_response)
        method = environ["REQUEST_METHOD"]
        with self.lock:
            fails = method == self.method and self.failures > 0
            self.failures -= fails
            if not fails:
                self.calls[method] += 1
                self.calls["part"] += "partNumber=" in environ.get("QUERY_STRING", "")
        if fails:
            body = "<Error><Code>SlowDown</Code><Message>as the test wants it</Message></Error>"
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            return Response(body, self.status, content_type="application/xml")(environ, start_response)
        return self.server(environ, start_response)


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_):
        pass


class Service:
    def __init__(self, endpoint, front):
        self.front = front

        def client(name):
            keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
            return boto3.client(name, endpoint_url=endpoint, region_name=REGION, **keys)

        self.s3, self.kms = client("s3"), client("kms")
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.key_id = self.kms.create_key()["KeyMetadata"]["KeyId"]

    def put(self, request):
        self.s3.put_object(Bucket=BUCKET, Key=request["key"], Body=base64.b64decode(request["body"]))
        return {}

    def objects(self, _):
        objects = []
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for entry in page.get("Contents", []):
                found = self.s3.get_object(Bucket=BUCKET, Key=entry["Key"])
                body = base64.b64encode(found["Body"].read()).decode()
                objects.append({"key": entry["Key"], "type": found["ContentType"], "body": body})
        return {"objects": objects}

    def uploads(self, _):
        return {"uploads": len(self.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))}

    def encrypt(self, request):
        plaintext, context = base64.b64decode(request["plaintext"]), request["context"]
        answer = self.kms.encrypt(KeyId=self.key_id, Plaintext=plaintext, EncryptionContext=context)
        return {"ciphertext": base64.b64encode(answer["CiphertextBlob"]).decode()}

    def fail(self, request):
        with self.front.lock:
            self.front.method, self.front.status = request["method"], request["status"]
            self.front.failures = request["times"]
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
