"""Keys, and statements in DSSE envelopes signed by them (Ed25519).

https://github.com/secure-systems-lab/dsse: what is signed is the payload with its type and length before it.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from contracts.certificate.archive import Invalid
from contracts.evidence.recording import canonical, sha256
from contracts.files import read_file
from contracts.model import UserError

_LARGEST_KEY = 64 * 1024  # bytes of a file
_BEGIN = b"-----BEGIN PUBLIC KEY-----"
PAYLOAD_TYPE = "application/vnd.in-toto+json"


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A private key that signs statements."""

    key: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """The public key as PEM."""
        return _public_pem(self.key.public_key())


def generate() -> tuple[bytes, bytes]:
    """A new private key and its public key, both as PEM."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private, _public_pem(key.public_key())


def load_signer(path: Path) -> Signer:
    """The private key in that file. Raises UserError, which never quotes the file."""
    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError(f"{path} holds no Ed25519 private key (PEM, without a password); keygen makes one.")
    return Signer(key)


def load_public(path: Path) -> bytes:
    """The public key in that file as PEM. Raises UserError."""
    content = _read(path).strip()
    # Not anywhere in the file: else a bundle would be taken for the key that it holds.
    begun = content if content.startswith(_BEGIN) else b""
    try:
        return _public_pem(_public(begun))
    except Invalid:
        raise UserError(f"{path} holds no Ed25519 public key (PEM).") from None


def is_plain(public: bytes) -> bool:
    """Whether it is a public key as this module writes them, and nothing more. Raises Invalid for no key."""
    return _public_pem(_public(public)) == public


def fingerprint(public: bytes) -> str:
    """The SHA-256 of a public key (of its DER form), by which people compare keys."""
    key = _public(public)
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def envelope(payload: bytes, signer: Signer | None) -> bytes:
    """The payload in a DSSE envelope; without a signer one with an empty list of signatures."""
    signatures = []
    if signer is not None:
        signature = signer.key.sign(_encoded(payload))
        signatures.append({"keyid": fingerprint(signer.public), "sig": _base64(signature)})
    return _envelope(payload, signatures)


def check(content: bytes, payload: bytes, public: bytes | None) -> None:
    """Raises Invalid unless the content is that payload's envelope, signed by that key if there is one."""
    signatures: list[dict[str, str]] = []
    if public is not None:
        signature = _signature(content)
        try:
            _public(public).verify(signature, _encoded(payload))
        except InvalidSignature:
            raise Invalid("The signature does not fit: the bundle was changed after it was signed.") from None
        signatures.append({"keyid": fingerprint(public), "sig": _base64(signature)})
    if _envelope(payload, signatures) != content:
        raise Invalid("attestation.json is not the statement about this bundle in an envelope.")


def payload_of(content: bytes) -> bytes:
    """The payload in an envelope, whatever it says. Raises Invalid."""
    try:
        return base64.b64decode(json.loads(content)["payload"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Invalid("attestation.json is no envelope with a payload.") from None


def _envelope(payload: bytes, signatures: list[dict[str, str]]) -> bytes:
    return (
        canonical({"payload": _base64(payload), "payloadType": PAYLOAD_TYPE, "signatures": signatures})
        + b"\n"
    )


def _encoded(payload: bytes) -> bytes:
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _signature(content: bytes) -> bytes:
    try:
        found = json.loads(content)["signatures"]
        (one,) = found
        return base64.b64decode(one["sig"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Invalid("attestation.json holds no signature, though the bundle has a key.") from None


def _public(content: bytes) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(content)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise Invalid("public-key.pem is no Ed25519 public key.")
    return key


def _public_pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _read(path: Path) -> bytes:
    return read_file(path, at_most=_LARGEST_KEY)
