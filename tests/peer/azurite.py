"""Microsoft's emulator of Azure Blob Storage with the container "das", driven through Microsoft's own client by one JSON
request a line. The argument is the program azurite-blob.

The first line on stdout is {"endpoint": url, "account": name, "key": base64}. Then, one answer a request on stdin:
{"do": "put", "key": text, "body": base64} -> {}
{"do": "objects"} -> {"objects": [{"key": text, "type": text, "body": base64}, ..]}    (all, by name)
It ends when stdin does, and the emulator with it.
"""

import base64
import json
import subprocess
import sys
import tempfile

from azure.storage.blob import BlobServiceClient

# Every Azurite has them: https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
READY = "successfully listens on "


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence"]
        command += ["--silent", "--disableTelemetry", "--disableProductStyleUrl", "--skipApiVersionCheck"]
        emulator = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            said = next(line for line in emulator.stdout if READY in line)
            endpoint = f"{said.partition(READY)[2].strip()}/{ACCOUNT}"
            answer(endpoint)
        finally:
            emulator.kill()
            emulator.wait()


def answer(endpoint):
    container = BlobServiceClient(endpoint, {"account_name": ACCOUNT, "account_key": KEY}).create_container("das")
    print(json.dumps({"endpoint": endpoint, "account": ACCOUNT, "key": KEY}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "put":
            container.upload_blob(request["key"], base64.b64decode(request["body"]))
            print("{}", flush=True)
        else:
            objects = [stored(container, blob) for blob in container.list_blobs()]
            print(json.dumps({"objects": sorted(objects, key=lambda it: it["key"])}), flush=True)


def stored(container, blob):
    body = container.download_blob(blob.name).readall()
    return {"key": blob.name, "type": blob.content_settings.content_type, "body": base64.b64encode(body).decode()}


if __name__ == "__main__":
    main(sys.argv[1])
