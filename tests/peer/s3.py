"""S3 and KMS on a loopback port, driven by one JSON request a line: `front.py` says what it answers beside this.

The first line on stdout is {"endpoint": url, "keyId": text}; the bucket "das" is there. Then, one answer a request:
{"do": "put", "key": text, "body": base64} -> {}
{"do": "objects"} -> {"objects": [{"key": text, "type": text, "body": base64}, ..]}    (all, by name)
{"do": "uploads"} -> {"uploads": n}    (uploads in parts that are neither complete nor called off)
{"do": "encrypt", "plaintext": base64, "context": {}} -> {"ciphertext": base64}
{"do": "fail", "method": "PUT", "status": 503, "times": 3} -> {}    (the next requests to S3 with this method)
{"do": "calls"} -> {"PUT": n, "part": n, ..}    (requests to S3 that reached the server, by method; parts also apart)
"""

import base64

from werkzeug.wrappers import Response

from front import REGION, Front, Quiet, Service
from port import converse

BUCKET = "das"


class S3Front(Front):
    """The program's own requests to S3, by method: those of the peer and of KMS neither count nor fail."""

    def __call__(self, environ, start_response):
        is_s3 = "/s3/aws4_request" in environ.get("HTTP_AUTHORIZATION", "")
        is_peer = "Boto3" in environ.get("HTTP_USER_AGENT", "")
        # Google's clients sign otherwise, or not at all; moto wants the form of a signature, and does not check it.
        if not environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4"):
            environ["HTTP_AUTHORIZATION"] = f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/s3/aws4_request"
        if not is_s3 or is_peer:
            return self.server(environ, start_response)
        method = environ["REQUEST_METHOD"]
        failure = self.failure(method)
        with self.lock:
            # Those that fail do not reach the server.
            self.calls[method] -= failure is not None
            self.calls["part"] += failure is None and "partNumber=" in environ.get("QUERY_STRING", "")
        if failure:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        return (failure or self.server)(environ, start_response)


class KeptOpen(Quiet):
    protocol_version = "HTTP/1.1"


class S3(Service):
    def __init__(self):
        super().__init__(S3Front(), KeptOpen)
        self.s3, self.kms = self.client("s3"), self.client("kms")
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.key_id = self.kms.create_key()["KeyMetadata"]["KeyId"]

    def put(self, request):
        self.s3.put_object(Bucket=BUCKET, Key=request["key"], Body=base64.b64decode(request["body"]))

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
        body = "<Error><Code>SlowDown</Code><Message>as the test wants it</Message></Error>"
        answer = Response(body, request["status"], content_type="application/xml")
        self.front.fail(request["method"], answer, request["times"])


if __name__ == "__main__":
    s3 = S3()
    converse(s3, {"endpoint": s3.endpoint, "keyId": s3.key_id})
