"""Keyring files."""

import base64
import json

import pytest
from dastap import Keyring, KeyringError, KeyRefused, KeyRequest

CONTEXT = (("aws:rds:dbc-id", "cluster-ABC"),)


def entry(ciphertext=b"blob", context=dict(CONTEXT), plaintext=b"k" * 32):
    encoded = {"ciphertext": base64.b64encode(ciphertext).decode(), "plaintext": base64.b64encode(plaintext).decode()}
    return {**encoded, "context": context}


def ring(*entries):
    return Keyring.from_json(json.dumps({"keys": entries, "note": "ignored"}))


def test_a_key_is_found_by_blob_and_context():
    keyring = ring(entry(), entry(), entry(context={"aws:rds:db-id": "db-X"}, plaintext=b"o" * 32))
    assert keyring.decrypt(KeyRequest(b"blob", CONTEXT)) == b"k" * 32
    assert keyring.decrypt(KeyRequest(b"blob", (("aws:rds:db-id", "db-X"),))) == b"o" * 32
    assert (len(keyring), repr(keyring)) == (2, "Keyring(2 keys)")


def test_a_refusal_says_what_would_have_been_right():
    with pytest.raises(KeyRefused, match="none of the 1 keys of the keyring is this record's"):
        ring(entry()).decrypt(KeyRequest(b"other", CONTEXT))
    with pytest.raises(KeyRefused) as refused:
        ring(entry()).decrypt(KeyRequest(b"blob", (("aws:rds:dbc-id", "cluster-X\n"),)))
    assert str(refused.value) == (
        "the key is known, but for aws:rds:dbc-id = cluster-ABC, not for aws:rds:dbc-id = cluster-X\\u{a}: "
        "check the resource id"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "keyring (text) cannot be read: "),
        ("[]", "keyring (text) cannot be read: it has no list of keys; expected {"),
        ('{"keys":5}', "keyring (text) cannot be read: it has no list of keys"),
        (b"\xff", "keyring (text) cannot be read: it is no JSON"),
        ("[" * 100_000, "keyring (text) cannot be read: "),
        (json.dumps({"keys": [entry(), 5]}), "keyring (text), key 2: expected an object as in"),
        (json.dumps({"keys": [entry(context=None)]}), 'keyring (text), key 1: "context" is missing'),
        (json.dumps({"keys": [{**entry(), "plaintext": "secret!"}]}), 'key 1: "plaintext" is not base64'),
        (json.dumps({"keys": [{**entry(), "ciphertext": None}]}), 'key 1: "ciphertext" is missing: expected base64'),
        (json.dumps({"keys": [entry(ciphertext=b"")]}), "key 1: expected an encrypted key of 1 to 6144 bytes, found 0"),
        (json.dumps({"keys": [entry(), entry(plaintext=b"x" * 32)]}), "key 2: an earlier entry has the same"),
    ],
)
def test_a_wrong_file_is_told_and_not_shown(text, expected):
    with pytest.raises(KeyringError) as error:
        Keyring.from_json(text)
    assert expected in str(error.value)
    assert "secret" not in str(error.value)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(KeyringError, match="cannot read keyring .*none.json: No such file"):
        Keyring(tmp_path / "none.json")
