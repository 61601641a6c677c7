"""Encrypts and decrypts with AWS's own Encryption SDK, one JSON request a line on stdin, one JSON answer a line on stdout.

Request: {"do": "encrypt" | "decrypt", "suite": "0x0178", "frameLength": 4096, "payload": base64, "context": {},
          "authenticateOnly": ["name", ...], "keys": [{"kind": "aes" | "rsa", "provider", "name", "key": base64}, ...]}
Answer:  {"payload": base64} or {"error": text}. The encrypted data keys stand in the order of `keys`.
"""

import base64
import functools
import json
import logging
import sys

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    AesWrappingAlg,
    CreateDefaultCryptographicMaterialsManagerInput,
    CreateMultiKeyringInput,
    CreateRawAesKeyringInput,
    CreateRawRsaKeyringInput,
    CreateRequiredEncryptionContextCMMInput,
    PaddingScheme,
)
from aws_encryption_sdk import Algorithm, CommitmentPolicy
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

MATERIALS = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
AES_BY_LENGTH = {
    16: AesWrappingAlg.ALG_AES128_GCM_IV12_TAG16,
    24: AesWrappingAlg.ALG_AES192_GCM_IV12_TAG16,
    32: AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
}


@functools.cache
def client(policy):
    return aws_encryption_sdk.EncryptionSDKClient(commitment_policy=policy)


@functools.cache
def rsa_public_key():
    """A key whose private half is forgotten at once: its entry in the message is one that nobody can open."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def one_keyring(entry):
    if entry["kind"] == "rsa":
        return MATERIALS.create_raw_rsa_keyring(
            CreateRawRsaKeyringInput(
                key_namespace=entry["provider"],
                key_name=entry["name"],
                padding_scheme=PaddingScheme.OAEP_SHA256_MGF1,
                public_key=rsa_public_key(),
            )
        )
    key = base64.b64decode(entry["key"])
    return MATERIALS.create_raw_aes_keyring(
        CreateRawAesKeyringInput(
            key_namespace=entry["provider"],
            key_name=entry["name"],
            wrapping_key=key,
            wrapping_alg=AES_BY_LENGTH[len(key)],
        )
    )


def keyring(entries):
    first, *others = [one_keyring(entry) for entry in entries]
    if not others:
        return first
    return MATERIALS.create_multi_keyring(CreateMultiKeyringInput(generator=first, child_keyrings=others))


def materials(request):
    manager = MATERIALS.create_default_cryptographic_materials_manager(
        CreateDefaultCryptographicMaterialsManagerInput(keyring=keyring(request["keys"]))
    )
    hidden = request.get("authenticateOnly")
    if not hidden:
        return manager
    return MATERIALS.create_required_encryption_context_cmm(
        CreateRequiredEncryptionContextCMMInput(underlying_cmm=manager, required_encryption_context_keys=hidden)
    )


def encrypt(request):
    suite = Algorithm.get_by_id(int(request["suite"], 16))
    policy = (
        CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT
        if suite.is_committing()
        else CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
    )
    message, _ = client(policy).encrypt(
        source=base64.b64decode(request["payload"]),
        materials_manager=materials(request),
        algorithm=suite,
        frame_length=request["frameLength"],
        encryption_context=request.get("context", {}),
    )
    return message


def decrypt(request):
    payload, _ = client(CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT).decrypt(
        source=base64.b64decode(request["payload"]),
        materials_manager=materials(request),
        encryption_context=request.get("context", {}),
    )
    return payload


def answer(line):
    request = json.loads(line)
    try:
        done = {"encrypt": encrypt, "decrypt": decrypt}[request["do"]](request)
    except Exception as error:  # what went wrong is part of the answer: the caller compares verdicts
        return {"error": f"{type(error).__name__}: {error}"}
    return {"payload": base64.b64encode(done).decode()}


if __name__ == "__main__":
    logging.disable()  # a failure is an answer here, not something to tell
    for line in sys.stdin:
        print(json.dumps(answer(line)), flush=True)
