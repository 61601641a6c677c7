"""One question to a key service, and the two ways not to answer it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Tuple

MAX_CIPHERTEXT = 6144
"""The longest blob in bytes: what KMS itself accepts."""
MAX_PAIRS = 8
"""The most context pairs. Activity streams use one; the bound keeps a cached request small."""
MAX_CONTEXT = 2048
"""The most bytes that all names and values may have together, for the same reason."""

Context = Tuple[Tuple[str, str], ...]
"""Names and values, sorted by name: KMS ignores the order of the pairs, so the cache must as well."""


class KeyFailure(Exception):
    """There is no key. The text is for people; it carries no key material, no blob and no token."""


class KeyRefused(KeyFailure):
    """Asking again is useless until somebody changes something: access denied, wrong context, disabled key."""


class KeyUnavailable(KeyFailure):
    """Asking again later helps: throttled, no connection, time-out."""


@dataclass(frozen=True)
class KeyRequest:
    """The request of KMS Decrypt: which blob, under which encryption context."""

    ciphertext: bytes = field(repr=False)
    context: Context

    def check(self) -> None:
        """Checks the bounds, so that no hopeless question reaches the key service; raises `KeyRefused`."""
        found = len(self.ciphertext)
        if not 1 <= found <= MAX_CIPHERTEXT:
            raise KeyRefused(f"expected an encrypted key of 1 to {MAX_CIPHERTEXT} bytes, found {found}")
        found = len(self.context)
        if found > MAX_PAIRS:
            raise KeyRefused(f"expected at most {MAX_PAIRS} encryption context pairs, found {found}")
        found = sum(len(text.encode()) for pair in self.context for text in pair)
        if found > MAX_CONTEXT:
            raise KeyRefused(f"expected an encryption context of at most {MAX_CONTEXT} bytes, found {found}")
        if len({name for name, _ in self.context}) < len(self.context):
            raise KeyRefused("expected each encryption context name once, found one twice")

    def context_text(self) -> str:
        """The context for people, such as `aws:rds:dbc-id = cluster-ABC`. It is no secret: CloudTrail shows it."""
        return context_text(self.context)


def context_text(context: Context) -> str:
    """See `KeyRequest.context_text`."""
    if not context:
        return "no encryption context"
    return ", ".join(f"{printable(name)} = {printable(value)}" for name, value in context)


def printable(text: str) -> str:
    """Text from outside, on one line."""
    return "".join(sign if sign.isprintable() else f"\\u{{{ord(sign):x}}}" for sign in text)
