"""Data keys: who is asked for them, and how long they are kept.

A record of a Database Activity Stream carries its wrapping key encrypted under a KMS key. Decrypting that blob is the
one thing the sandbox cannot do by itself; a `KeyProvider` does it, behind a `KeyCache`.
"""

from .cache import KeyCache, KeyProvider, KeyStats
from .keyring import Keyring
from .kms import KmsKeys
from .request import KeyFailure, KeyRefused, KeyRequest, KeyUnavailable
from .secret import Secret

__all__ = [
    "KeyCache",
    "KeyFailure",
    "KeyProvider",
    "KeyRefused",
    "KeyRequest",
    "KeyStats",
    "KeyUnavailable",
    "Keyring",
    "KmsKeys",
    "Secret",
]
