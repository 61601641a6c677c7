"""Packs records into one as the Kinesis Producer Library does, by its published format.

stdin: [[base64, ..], ..] as JSON; stdout: [base64, ..], one for each list.
"""

import base64
import hashlib
import json
import sys


def varint(number):
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def field(number, value):
    """A protobuf field: a number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def pack(key, records):
    message = field(1, key.encode()) + b"".join(field(3, field(1, 0) + field(3, record)) for record in records)
    return b"\xf3\x89\x9a\xc2" + message + hashlib.md5(message).digest()


def main():
    packed = [pack("key", [base64.b64decode(record) for record in records]) for records in json.load(sys.stdin)]
    json.dump([base64.b64encode(data).decode() for data in packed], sys.stdout)


if __name__ == "__main__":
    main()
