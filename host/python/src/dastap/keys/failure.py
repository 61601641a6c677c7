"""What a failed KMS call means: whether asking again helps, and what to do about it."""

from __future__ import annotations

import enum
from typing import NamedTuple, Optional

from .request import KeyFailure, KeyRefused, KeyUnavailable, printable

MAX_MESSAGE = 500
"""The longest text of KMS itself that is passed on."""


class Kind(enum.Enum):
    """Who has to do something."""

    THROTTLED = "the account's quota is used up: wait, for every key"
    SERVICE = "the service or the way to it is down: wait"
    EXPIRED = "the credentials must be renewed, which usually happens by itself"
    RECORD = "the record, or the configured resource id, is wrong"
    CONFIG = "the configuration, on either side, is wrong"


# No KMS error carries a retry trait in its model. The throttling and time-out codes are those of the AWS SDKs' own
# retry lists; the rest is KMS Decrypt's list of errors.
CODES = {
    Kind.THROTTLED: (
        "Throttling ThrottlingException ThrottledException RequestThrottled RequestThrottledException "
        "TooManyRequestsException RequestLimitExceeded LimitExceededException SlowDown"
    ),
    Kind.SERVICE: (
        "KMSInternalException KeyUnavailableException DependencyTimeoutException RequestTimeout RequestTimeoutException"
    ),
    # Retried, not refused: records must not fail because a token is renewed a moment late.
    Kind.EXPIRED: "ExpiredToken ExpiredTokenException RequestExpired",
    Kind.RECORD: "InvalidCiphertextException IncorrectKeyException",
}
KINDS = {code: kind for kind, codes in CODES.items() for code in codes.split()}


class Asked(NamedTuple):
    """What was asked, for the texts. The blob is not part of it."""

    region: str
    key_id: Optional[str]
    context: str


def kind_of(code: Optional[str], status: int) -> Kind:
    """The kind of a KMS error code; none is an answer without one, which did not come from KMS itself."""
    if code in KINDS:
        return KINDS[code]
    if status == 429:
        return Kind.THROTTLED
    # Without a code it is a proxy or a captive portal: KMS has refused nothing yet.
    if status >= 500 or code is None:
        return Kind.SERVICE
    # Access denied, disabled, not found, unknown credentials, and whatever KMS refuses with a word that is new.
    # Unknown credentials are no outage: a deleted access key must bite.
    return Kind.CONFIG


def explain(asked: Asked, kind: Kind, code: str, message: str) -> KeyFailure:
    """The one place where an answer of KMS becomes one to the cache."""
    text = f"kms in {asked.region} says {printable(code)}"
    if kind is Kind.THROTTLED:
        return KeyUnavailable(f"{text}: the account's request quota for KMS is used up")
    if kind is Kind.SERVICE:
        return KeyUnavailable(f"{text}: the service or the key's store is unavailable")
    if kind is Kind.EXPIRED:
        return KeyUnavailable(f"{text}: renew the AWS credentials")
    if kind is Kind.CONFIG and message:
        text += f" ({printable(message)[:MAX_MESSAGE]})"
    return KeyRefused(f"{text}: {advice(code, asked)}")


def advice(code: str, asked: Asked) -> str:
    """What to do about a refusal."""
    key_id = asked.key_id or "any"
    known = {
        "InvalidCiphertextException": (
            f"the record's key was not encrypted for {asked.context}; if every record says so, the resource id is wrong"
        ),
        "IncorrectKeyException": (
            f"the record's key was encrypted under another KMS key than key_id {key_id}: correct or unset key_id"
        ),
        "AccessDeniedException": (
            f"allow kms:Decrypt with the encryption context {asked.context} in the IAM and the key policy"
        ),
        "DisabledException": "enable the KMS key",
        "KMSInvalidStateException": (
            "check the KMS key: it may be pending deletion, or its external key store may be failing"
        ),
        "NotFoundException": f"check key_id ({key_id}) and the region ({asked.region}): there is no such KMS key",
        "InvalidKeyUsageException": f"check key_id ({key_id}): expected a symmetric KMS key for encryption",
        "InvalidGrantTokenException": "check the grants of the KMS key",
    }
    credentials = (
        "UnrecognizedClientException InvalidClientTokenId InvalidSignatureException SignatureDoesNotMatch "
        "MissingAuthenticationToken MissingAuthenticationTokenException"
    )
    if code in credentials.split():
        return "check the AWS credentials: KMS does not know or accept them"
    return known.get(code, "check the KMS key and the policies")
