"""Data keys from AWS KMS, through boto3."""

from __future__ import annotations

import re
import threading
import time
from typing import Any, Dict, Optional

from ..errors import ConfigError
from .backoff import Backoff
from .failure import Asked, Kind, explain, kind_of
from .request import KeyRequest, KeyUnavailable, printable

# An attempt may take CONNECT + READ seconds, and the pauses between three of them at most 1 + 2. Together that stays
# below the ten seconds for which other threads wait for the answer.
ATTEMPTS = 3
CONNECT = 1.0
READ = 1.25


class KmsKeys:
    """A key provider that asks KMS Decrypt, with the credentials that boto3 finds.

    It needs `kms:Decrypt` on the stream's KMS key and nothing else. When KMS throttles the account, nothing is asked
    for a pause that doubles from half a second to ten: the quota is shared with everything else in the account.

    Install `dastap[kms]` for it. Not cached by itself: a `Decoder` puts a `KeyCache` in front.
    """

    def __init__(
        self,
        *,
        region: Optional[str] = None,
        endpoint_url: Optional[str] = None,
        key_id: Optional[str] = None,
        client: Any = None,
    ) -> None:
        """`region`, `endpoint_url`: default as boto3 finds them. `key_id`: when set, blobs of any other KMS key are
        refused; set it where records can come from others. `client`: a boto3 KMS client of your own, for instance
        with an assumed role; its time-outs should be short."""
        if region is not None and not re.fullmatch(r"[a-z0-9-]+", region):
            raise ConfigError(f'region: expected a region such as eu-west-1, found "{printable(region)}"')
        if endpoint_url is not None and not re.match(r"https?://[^/]", endpoint_url):
            raise ConfigError(f'endpoint_url: expected http:// or https:// and a host, found "{endpoint_url}"')
        if key_id == "":
            raise ConfigError('key_id: expected a key id, a key ARN or an alias, found ""')
        self._client = client if client is not None else _connect(region, endpoint_url)
        self._region = str(self._client.meta.region_name)
        self._key_id = key_id
        self._scope = f"kms {self._region} {endpoint_url or 'aws'} {key_id or 'any key'}"
        self._busy = Backoff()
        self._lock = threading.Lock()

    @property
    def scope(self) -> str:
        """See `KeyProvider`."""
        return self._scope

    def decrypt(self, request: KeyRequest) -> bytes:
        """One KMS Decrypt call; see `KeyProvider`."""
        from botocore.exceptions import BotoCoreError, ClientError, CredentialRetrievalError, NoCredentialsError

        request.check()
        self._wait_while_busy()
        asked: Dict[str, Any] = {"CiphertextBlob": request.ciphertext}
        if request.context:
            asked["EncryptionContext"] = dict(request.context)
        if self._key_id is not None:
            # KMS then refuses blobs of every other key: its own advice.
            asked["KeyId"] = self._key_id
        try:
            plaintext: Optional[bytes] = self._client.decrypt(**asked).get("Plaintext")
        except ClientError as error:
            told = error.response.get("Error", {})
            code = told.get("Code")
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
            # botocore puts the status where there is no code.
            kind = kind_of(None if code is None or code.isdigit() else code, status)
            self._answered(kind is Kind.THROTTLED)
            asked_for = Asked(self._region, self._key_id, request.context_text())
            raise explain(asked_for, kind, code or f"HTTP status {status}", told.get("Message", "")) from None
        except (NoCredentialsError, CredentialRetrievalError) as error:
            raise KeyUnavailable(
                f"kms in {self._region} was not asked for want of AWS credentials ({printable(str(error))}): "
                "check AWS_PROFILE, the environment, or the machine's role"
            ) from None
        except BotoCoreError as error:
            raise KeyUnavailable(
                f"no answer from kms in {self._region} ({type(error).__name__}): "
                "check the network path and the endpoint"
            ) from None
        self._answered(False)
        if plaintext is None:
            raise KeyUnavailable(f"kms in {self._region} answered without a plaintext: check the way to it")
        return plaintext

    def _wait_while_busy(self) -> None:
        """Throttling concerns the account, not one key: leave KMS alone for all keys."""
        with self._lock:
            left = self._busy.left(time.monotonic())
        if left is not None:
            raise KeyUnavailable(f"kms in {self._region} throttles this account; asked again in {left:.1f} s")

    def _answered(self, is_throttled: bool) -> None:
        now = time.monotonic()
        with self._lock:
            if not is_throttled:
                self._busy = Backoff()
            elif self._busy.left(now) is None:
                # Questions that were under way together are throttled together; they widen the pause once.
                self._busy.fail(now)

    def __repr__(self) -> str:
        return f"KmsKeys({self._scope})"


def _connect(region: Optional[str], endpoint_url: Optional[str]) -> Any:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import NoRegionError
    except ImportError:
        raise ConfigError("expected boto3, which KmsKeys needs: pip install 'dastap[kms]'") from None
    retries: Any = {"mode": "standard", "total_max_attempts": ATTEMPTS}
    config = Config(connect_timeout=CONNECT, read_timeout=READ, retries=retries, user_agent_extra="dastap")
    session = boto3.session.Session()
    try:
        client = session.client("kms", region_name=region, endpoint_url=endpoint_url, config=config)
    except NoRegionError:
        raise ConfigError(
            "no AWS region found: set `region`, AWS_DEFAULT_REGION, or a profile that has one"
        ) from None
    # A machine without any says so at the start and not at every record.
    if session.get_credentials() is None:
        raise ConfigError(
            "no AWS credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, "
            "or give the machine a role"
        )
    return client
