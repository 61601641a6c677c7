"""AWS Database Activity Streams in clear: encrypted records in, clean audit events out.

A WebAssembly component without any authority does everything that touches untrusted bytes: envelope, decryption,
gunzip, rules, redaction, shaping. This package gives it the one thing it may ask for, KMS Decrypt, cached. Every record
ends as decoded, or as failed with a stage, a reason and the original kept.
"""

from .decoder import Decoder, Record
from .errors import ConfigError, DastapError, KeyringError, SandboxError
from .keys import (
    KeyCache,
    KeyFailure,
    KeyProvider,
    KeyRefused,
    KeyRequest,
    KeyStats,
    KeyUnavailable,
    Keyring,
    KmsKeys,
)
from .verdict import Count, Decoded, Failed, Failure, Merged, Output, Verdict

__all__ = [
    "ConfigError",
    "Count",
    "DastapError",
    "Decoded",
    "Decoder",
    "Failed",
    "Failure",
    "KeyCache",
    "KeyFailure",
    "KeyProvider",
    "KeyRefused",
    "KeyRequest",
    "KeyStats",
    "KeyUnavailable",
    "Keyring",
    "KeyringError",
    "KmsKeys",
    "Merged",
    "Output",
    "Record",
    "SandboxError",
    "Verdict",
]
