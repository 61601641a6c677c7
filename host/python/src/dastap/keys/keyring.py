"""Data keys from a local JSON file: for the demo, tests and offline replay.

`{"keys":[{"ciphertext":base64,"context":{name:value},"plaintext":base64}]}`; other members are ignored. The file holds
plaintext keys: keep it as you would keep the activity stream itself.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import os
from typing import Any, Dict, Tuple, Union

from ..errors import KeyringError
from .request import Context, KeyRefused, KeyRequest, context_text
from .secret import Secret

MAX_FILE = 16 * 1024 * 1024
"""The longest keyring file in bytes: some thirty thousand keys."""
FORM = '{"keys":[{"ciphertext":base64,"context":{name:value},"plaintext":base64}]}'

LOG = logging.getLogger("dastap.keys")


class Keyring:
    """A key provider that knows its keys by heart."""

    scope = "keyring"

    def __init__(self, path: Union[str, "os.PathLike[str]"]) -> None:
        """Reads a keyring file. `KeyringError` names the file, the entry and what to do, and shows none of it."""
        name = os.fspath(path)
        try:
            with open(path, "rb") as file:
                text = file.read(MAX_FILE + 1)
        except OSError as error:
            raise KeyringError(f"cannot read keyring {name}: {error.strerror}") from None
        self._keys = _parse(text, name)

    @classmethod
    def from_json(cls, text: Union[str, bytes]) -> "Keyring":
        """The same from text."""
        keyring = cls.__new__(cls)
        keyring._keys = _parse(text.encode() if isinstance(text, str) else text, "(text)")
        return keyring

    def __len__(self) -> int:
        return sum(map(len, self._keys.values()))

    def __repr__(self) -> str:
        return f"Keyring({len(self)} keys)"

    def decrypt(self, request: KeyRequest) -> bytes:
        """The key of this blob and context; `KeyRefused` says why there is none."""
        request.check()
        known = self._keys.get(request.ciphertext)
        if known is None:
            raise KeyRefused(
                f"none of the {len(self)} keys of the keyring is this record's: "
                "expected a keyring made for the same stream"
            )
        secret = known.get(request.context)
        if secret is None:
            # Like KMS, the keyring refuses; unlike KMS, it can say what would have been right. An id is no secret.
            others = " or ".join(context_text(context) for context in list(known)[:3])
            raise KeyRefused(
                f"the key is known, but for {others}, not for {request.context_text()}: check the resource id"
            )
        return secret.expose()


Keys = Dict[bytes, Dict[Context, Secret]]


def _parse(text: bytes, name: str) -> Keys:
    if len(text) > MAX_FILE:
        raise KeyringError(
            f"keyring {name} is too large: expected at most {MAX_FILE} bytes, split it by cluster or by time"
        )
    try:
        form = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"{error.msg} at line {error.lineno} column {error.colno}"
        raise KeyringError(f"keyring {name} cannot be read: {problem}; expected {FORM}") from None
    except (UnicodeDecodeError, RecursionError):
        raise KeyringError(f"keyring {name} cannot be read: it is no JSON; expected {FORM}") from None
    rows = form.get("keys") if isinstance(form, dict) else None
    if not isinstance(rows, list):
        raise KeyringError(f"keyring {name} cannot be read: it has no list of keys; expected {FORM}")
    keys: Keys = {}
    for entry, row in enumerate(rows, 1):
        try:
            _add(keys, *_read(row))
        except (_WrongError, KeyRefused) as wrong:
            raise KeyringError(f"keyring {name}, key {entry}: {wrong}") from None
    return keys


class _WrongError(Exception):
    """What is wrong with an entry, and what was expected."""


def _add(keys: Keys, request: KeyRequest, secret: Secret) -> None:
    """The same entry twice is harmless, two plaintexts for one blob and context are not."""
    known = keys.setdefault(request.ciphertext, {})
    if known.setdefault(request.context, secret).expose() != secret.expose():
        raise _WrongError(
            "an earlier entry has the same ciphertext and context with another plaintext: remove the wrong one"
        )


def _read(row: Any) -> Tuple[KeyRequest, Secret]:
    if not isinstance(row, dict):
        raise _WrongError(f"expected an object as in {FORM}")
    context = row.get("context")
    if not isinstance(context, dict) or not all(isinstance(value, str) for value in context.values()):
        raise _WrongError('"context" is missing: expected an object, such as {"aws:rds:dbc-id":"cluster-..."}')
    request = KeyRequest(_decode(row, "ciphertext"), tuple(sorted(context.items())))
    request.check()
    plaintext = _decode(row, "plaintext")
    if len(plaintext) not in (16, 24, 32):
        LOG.warning("a data key has 32 bytes (16 and 24 are accepted), found %d: its records will fail", len(plaintext))
    return request, Secret(plaintext)


def _decode(row: Dict[str, Any], member: str) -> bytes:
    text = row.get(member)
    if not isinstance(text, str):
        raise _WrongError(f'"{member}" is missing: expected base64')
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _WrongError(
            f'"{member}" is not base64: expected the standard alphabet with padding, {len(text)} characters found'
        ) from None
