"""The usual Python Lambda for activity streams, decoding only: what AWS's samples do for each record, on AWS's own
Encryption SDK, with the data key given. The other side of the benchmark.

    usual_lambda.py RECORDS KEYRING

RECORDS: outer JSON records, a line each. For each line on stdin it decodes the records that the line names (the first
one's index and the index behind the last one; all where the line is empty) and answers with
{"seconds", "records", "events", "bytes"}. Reading the file is not counted.
"""

import base64
import json
import sys
import time
import zlib

import aws_encryption_sdk
from aws_encryption_sdk import CommitmentPolicy, DefaultCryptoMaterialsManager
from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider

CLIENT = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT)


class DataKeyProvider(RawMasterKeyProvider):
    provider_id = "BC"

    def __new__(cls, *args, **kwargs):
        return super().__new__(cls)

    def __init__(self, plain_key):
        super().__init__()
        self.wrapping_key = WrappingKey(
            wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
            wrapping_key=plain_key,
            wrapping_key_type=EncryptionKeyType.SYMMETRIC,
        )

    def _get_raw_key(self, key_id):
        return self.wrapping_key


def decrypt_payload(payload, data_key):
    provider = DataKeyProvider(data_key)
    provider.add_master_key("DataKey")
    materials = DefaultCryptoMaterialsManager(master_key_provider=provider)
    plaintext, _ = CLIENT.decrypt(source=payload, materials_manager=materials)
    return plaintext


def handle(line, data_keys):
    record = json.loads(line)
    payload = base64.b64decode(record["databaseActivityEvents"])
    data_key = data_keys[base64.b64decode(record["key"])]
    document = json.loads(zlib.decompress(decrypt_payload(payload, data_key), zlib.MAX_WBITS + 16))
    events = document["databaseActivityEventList"]
    return [json.dumps(event) + "\n" for event in events if event.get("type") != "heartbeat"]


def main(records_path, keyring_path):
    with open(records_path, encoding="utf-8") as file:
        records = file.read().strip("\n").split("\n")  # not splitlines: JSON may hold U+2028
    with open(keyring_path, encoding="utf-8") as file:
        entries = json.load(file)["keys"]
    data_keys = {base64.b64decode(key["ciphertext"]): base64.b64decode(key["plaintext"]) for key in entries}
    for line in sys.stdin:
        wanted = records[slice(*map(int, line.split()))] if line.strip() else records
        events = length = 0
        start = time.perf_counter()
        for record in wanted:
            lines = handle(record, data_keys)
            events += len(lines)
            length += sum(map(len, lines))
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "records": len(wanted), "events": events, "bytes": length}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
