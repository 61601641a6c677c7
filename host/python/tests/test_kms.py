"""KMS through real boto3, against moto's server."""

import logging
import threading

import boto3
import pytest
from dastap import ConfigError, Decoder, KeyCache, KeyRefused, KeyRequest, KeyUnavailable, KmsKeys
from dastap.keys import kms
from werkzeug.wrappers import Response


@pytest.fixture
def one_attempt(monkeypatch):
    """What boto3 tries again fails at once, so that nobody waits for its pauses."""
    monkeypatch.setattr(kms, "ATTEMPTS", 1)


@pytest.fixture(params=[None, "the stream's key"])
def keys(request, aws, kms_records):
    return KmsKeys(key_id=request.param and kms_records.key_id)


def test_one_call_per_data_key_however_many_threads_ask(aws, kms_records, stream, keys):
    decoder = Decoder(keys=keys, workers=4)
    results = []

    def work():
        results.append(decoder.decode(kms_records.records, stream.resources[0]))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(result == results[0] for result in results) and len(results) == 6
    assert results[0].failures == () and results[0].kept > 100
    assert aws.front.calls["Decrypt"] == kms_records.data_keys == decoder.keys.stats.calls


def refusal(keys, kms_records, context="cluster-OTHER"):
    """What a question for the first record's key gives under another context."""
    import base64
    import json

    blob = base64.b64decode(json.loads(kms_records.records[0])["key"])
    with pytest.raises((KeyRefused, KeyUnavailable)) as failure:
        keys.decrypt(KeyRequest(blob, (("aws:rds:dbc-id", context),)))
    return failure.value


def test_another_context_is_refused(aws, kms_records):
    failure = refusal(KmsKeys(), kms_records)
    assert isinstance(failure, KeyRefused)
    assert str(failure) == (
        "kms in eu-west-1 says InvalidCiphertextException: the record's key was not encrypted for "
        "aws:rds:dbc-id = cluster-OTHER; if every record says so, the resource id is wrong"
    )


@pytest.mark.parametrize(
    ("status", "code", "kind", "expected"),
    [
        (400, "AccessDeniedException", KeyRefused, "(as the test wants it): allow kms:Decrypt with the encryption"),
        (409, "DisabledException", KeyRefused, "enable the KMS key"),
        (400, "UnrecognizedClientException", KeyRefused, "check the AWS credentials"),
        (400, "BrandNewException", KeyRefused, "check the KMS key and the policies"),
        (400, "ExpiredTokenException", KeyUnavailable, "renew the AWS credentials"),
        (500, "KMSInternalException", KeyUnavailable, "the service or the key's store is unavailable"),
    ],
)
def test_each_failure_has_its_class_and_advice(one_attempt, aws, kms_records, stream, status, code, kind, expected):
    keys = KmsKeys()
    # More often than boto3 tries.
    aws.front.fail_decrypt(status, code, 10)
    failure = refusal(keys, kms_records, stream.resources[0])
    assert isinstance(failure, kind)
    assert str(failure).startswith(f"kms in eu-west-1 says {code}") and expected in str(failure)


@pytest.mark.parametrize("status", [200, 302, 403, 404, 503])
def test_what_a_proxy_says_refuses_nothing(one_attempt, aws, kms_records, stream, status):
    keys = KmsKeys()
    aws.front.fail("Decrypt", Response("<html>please sign in</html>", status, content_type="text/html"), 10)
    failure = refusal(keys, kms_records, stream.resources[0])
    assert isinstance(failure, KeyUnavailable), failure
    assert "sign in" not in str(failure)


def test_one_failure_that_passes_is_not_noticed(aws, kms_records, stream):
    aws.front.fail_decrypt(500, "KMSInternalException", 1)
    merged = Decoder(keys=KmsKeys()).decode(kms_records.records, stream.resources[0])
    assert merged.failures == ()


def test_a_throttled_account_is_left_alone(one_attempt, aws, kms_records, stream):
    keys = KmsKeys()
    aws.front.fail_decrypt(400, "ThrottlingException", 10)
    assert "request quota for KMS is used up" in str(refusal(keys, kms_records, stream.resources[0]))
    calls = aws.front.calls["Decrypt"]
    assert "kms in eu-west-1 throttles this account; asked again in" in str(refusal(keys, kms_records))
    assert aws.front.calls["Decrypt"] == calls


def test_an_outage_makes_records_retryable_and_a_cached_key_bridges_it(one_attempt, aws, kms_records, stream):
    now = [0.0]
    cache = KeyCache(KmsKeys(), clock=lambda: now[0])
    decoder = Decoder(keys=cache)
    expected = decoder.decode(kms_records.records, stream.resources[0])
    now[0] = 3600.0
    aws.front.fail_decrypt(500, "KMSInternalException", 1000)
    assert decoder.decode(kms_records.records, stream.resources[0]) == expected
    assert cache.stats.stale > 0
    [failed] = Decoder(keys=KmsKeys()).decode(kms_records.records[:1], stream.resources[0]).failures
    assert (failed.failure.stage, failed.failure.reason, failed.failure.retryable) == ("key", "unavailable", True)


def test_nobody_at_the_endpoint(one_attempt, aws, kms_records):
    failure = refusal(KmsKeys(endpoint_url="http://127.0.0.1:1"), kms_records)
    assert isinstance(failure, KeyUnavailable)
    assert "no answer from kms in eu-west-1" in str(failure) and "check the network path" in str(failure)


def test_a_client_of_ones_own(aws, kms_records, stream):
    client = boto3.client("kms", region_name="eu-west-1")
    merged = Decoder(keys=KmsKeys(client=client)).decode(kms_records.records, stream.resources[0])
    assert merged.failures == ()
    client.close()


def test_what_is_missing_is_told_at_the_start(aws, monkeypatch, tmp_path):
    for wrong, expected in [
        ({"region": "evil.example/"}, "region: expected a region such as eu-west-1, found"),
        ({"endpoint_url": "127.0.0.1:5000"}, "endpoint_url: expected http:// or https:// and a host"),
        ({"key_id": ""}, "key_id: expected a key id, a key ARN or an alias"),
    ]:
        with pytest.raises(ConfigError, match=expected):
            KmsKeys(**wrong)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(ConfigError, match="no AWS credentials found: set AWS_ACCESS_KEY_ID"):
        KmsKeys()
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ConfigError, match="no AWS region found: set `region`"):
        KmsKeys()


def test_no_key_is_shown_anywhere(aws, kms_records, stream, caplog):
    """Not at the most talkative level, in no representation, in no failure."""
    import base64
    import json

    with caplog.at_level(logging.DEBUG, "dastap"):
        decoder = Decoder(keys=KmsKeys())
        merged = decoder.decode([*kms_records.records, b"{"], stream.resources[0])
        aws.front.fail_decrypt(400, "AccessDeniedException", 10)
        failures = Decoder(keys=KmsKeys()).decode(kms_records.records, stream.resources[0]).failures
    assert len(failures) == 60 and "data key decrypted" in caplog.text and "data key refused" in caplog.text
    said = caplog.text + repr((decoder, decoder.keys, merged.failures, failures, decoder.counts()))
    for entry in json.loads(stream.keyring.read_text())["keys"]:
        key = base64.b64decode(entry["plaintext"])
        for form in (entry["plaintext"], key.hex(), repr(key)[2:-1]):
            assert form not in said
    for record in kms_records.records:
        assert json.loads(record)["key"] not in said
