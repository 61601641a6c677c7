"""A KMS on a loopback port, driven by one JSON request a line: `front.py` says what it answers beside this.

The first line on stdout is {"endpoint": url, "keyId": text}. Then, one answer a request on stdin:
{"do": "encrypt", "plaintext": base64, "context": {}} -> {"ciphertext": base64}
{"do": "fail", "status": 400, "code": "..Exception", "times": 1} -> {}    (the next `Decrypt` requests; 0 times: none)
{"do": "disable"} -> {}    (the key is disabled, and `Decrypt` says so from now on: moto itself would still decrypt)
"""

import base64
import sys

from front import Front, Service, error
from port import converse


class Kms(Service):
    def __init__(self):
        super().__init__(Front())
        self.kms = self.client("kms")
        self.key_id = self.kms.create_key()["KeyMetadata"]["KeyId"]

    def encrypt(self, request):
        answer = self.kms.encrypt(
            KeyId=self.key_id,
            Plaintext=base64.b64decode(request["plaintext"]),
            EncryptionContext=request["context"],
        )
        return {"ciphertext": base64.b64encode(answer["CiphertextBlob"]).decode()}

    def fail(self, request):
        super().fail({"operation": "Decrypt", **request})

    def disable(self, _):
        self.kms.disable_key(KeyId=self.key_id)
        self.front.fail("Decrypt", error(400, "DisabledException"), sys.maxsize)


if __name__ == "__main__":
    kms = Kms()
    converse(kms, {"endpoint": kms.endpoint, "keyId": kms.key_id})
