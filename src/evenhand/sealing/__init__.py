"""Sealing: how one object's bytes become ciphertext that opens nowhere else. Pure.

Method (specs/trust.md section 2). A *data key* (DEK, 32 random bytes) serves many objects of one
project. Each object field gets its own key and its own commitment by HKDF-Expand (RFC 5869
section 2.3, SHA-512, one block; the extract step is left out because a DEK is uniformly random):

    key || commitment = HMAC-SHA-512(DEK, label || context || 0x01)      32 + 32 bytes

`context` is the canonical name of the object field; it is also the associated data of
AES-256-GCM, so that a row swapped between workspaces, versions or fields does not open. The
commitment is stored and compared first: AES-GCM alone is not key-committing, and a ciphertext that
opens under two keys could show two people two texts.

Layout of a sealed value, in bytes:

    1 format (0x01 = AES-256-GCM with HKDF-SHA-512) | 16 DEK id | 32 commitment | 12 nonce | rest

Wrapping (a DEK under a key-encryption key, or a KEK under its parent) is the same box with the
parent as DEK and the child's id as object.
"""

from .box import (
    OVERHEAD_BYTES,
    Context,
    DataKey,
    SealingError,
    dek_id_of,
    open_sealed,
    seal,
    unwrap_key,
    wrap_key,
)
from .bulk import bulk_sealer

__all__ = [
    "OVERHEAD_BYTES",
    "Context",
    "DataKey",
    "SealingError",
    "bulk_sealer",
    "dek_id_of",
    "open_sealed",
    "seal",
    "unwrap_key",
    "wrap_key",
]
