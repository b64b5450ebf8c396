"""The sealed box: seal, open, wrap, unwrap. Layout and method are in the package's docstring."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from uuid import UUID

__all__ = [
    "OVERHEAD_BYTES",
    "Context",
    "DataKey",
    "SealingError",
    "dek_id_of",
    "open_sealed",
    "seal",
    "unwrap_key",
    "wrap_key",
]

FORMAT = b"\x01"
LABEL = b"evenhand/sealed/1"
"""Label of the derivation: key and commitment come out of one HMAC."""
KEY_BYTES = 32
_COMMITMENT_BYTES = 32
NONCE_BYTES = 12
_TAG_BYTES = 16
_ID_BYTES = 16
_HEAD_BYTES = 1 + _ID_BYTES + _COMMITMENT_BYTES + NONCE_BYTES
OVERHEAD_BYTES = _HEAD_BYTES + _TAG_BYTES


class SealingError(Exception):
    """A sealed value is malformed, was moved, was changed, or belongs to another key."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key in the clear. Its repr never shows the key."""

    id: UUID
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a key of another length than AES-256 takes."""
        if len(self.key) != KEY_BYTES:
            raise SealingError(f"a data key has {KEY_BYTES} bytes")


@dataclass(frozen=True, slots=True)
class Context:
    """The canonical name of one field of one version of one object: the associated data."""

    workspace: UUID
    project: UUID
    object: UUID
    version: int
    field: str

    def encode(self, dek_id: bytes) -> bytes:
        """Fixed-width parts first and the only variable one last: the encoding is injective."""
        return b"".join(
            (
                FORMAT,
                self.workspace.bytes,
                self.project.bytes,
                self.object.bytes,
                self.version.to_bytes(4, "big"),
                dek_id,
                self.field.encode("ascii"),
            )
        )


def seal(dek: DataKey, context: Context, plaintext: bytes, *, nonce: bytes) -> bytes:
    """Seal `plaintext`; `nonce` is 12 random bytes, new for each call.

    Raises:
        SealingError: the nonce has another length: AES-GCM would take it, but nothing would open.
    """
    if len(nonce) != NONCE_BYTES:
        raise SealingError(f"a nonce has {NONCE_BYTES} bytes")
    dek_id = dek.id.bytes
    name = context.encode(dek_id)
    derived = hmac.digest(dek.key, LABEL + name + b"\x01", "sha512")
    sealed = AESGCM(derived[:KEY_BYTES]).encrypt(nonce, plaintext, name)
    return b"".join((FORMAT, dek_id, derived[KEY_BYTES:], nonce, sealed))


def dek_id_of(sealed: bytes) -> bytes:
    """The 16 bytes that name the DEK.

    Raises:
        SealingError: too short or of an unknown format.
    """
    if len(sealed) < OVERHEAD_BYTES or sealed[:1] != FORMAT:
        raise SealingError("not a sealed value of a known format")
    return sealed[1 : 1 + _ID_BYTES]


def open_sealed(dek: DataKey, context: Context, sealed: bytes) -> bytes:
    """The plaintext.

    Raises:
        SealingError: wrong key, wrong place, changed bytes; the message never tells which, since
            the three look the same to someone who tampers.
    """
    dek_id = dek_id_of(sealed)
    name = context.encode(dek_id)
    derived = hmac.digest(dek.key, LABEL + name + b"\x01", "sha512")
    commitment = sealed[1 + _ID_BYTES : 1 + _ID_BYTES + _COMMITMENT_BYTES]
    if not hmac.compare_digest(commitment, derived[KEY_BYTES:]):
        raise SealingError("the sealed value does not belong to this key and place")
    nonce = sealed[_HEAD_BYTES - NONCE_BYTES : _HEAD_BYTES]
    try:
        return AESGCM(derived[:KEY_BYTES]).decrypt(nonce, sealed[_HEAD_BYTES:], name)
    except InvalidTag as error:
        raise SealingError("the sealed value was changed") from error


def wrap_key(parent: DataKey, context: Context, child: bytes, *, nonce: bytes) -> bytes:
    """`child` (32 bytes) sealed under `parent`."""
    if len(child) != KEY_BYTES:
        raise SealingError(f"a wrapped key has {KEY_BYTES} bytes")
    return seal(parent, context, child, nonce=nonce)


def unwrap_key(parent: DataKey, context: Context, wrapped: bytes) -> bytes:
    """The 32 bytes that `wrap_key` sealed.

    Raises:
        SealingError: as `open_sealed`, or the content is no key.
    """
    child = open_sealed(parent, context, wrapped)
    if len(child) != KEY_BYTES:
        raise SealingError("the wrapped value is no key")
    return child
