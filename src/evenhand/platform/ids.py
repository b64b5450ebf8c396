"""The only source of ids and secrets.

Ids are UUIDv7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then randomness, so that new
rows land at the right edge of each index. They are ids, not secrets: whoever must not guess gets
`new_secret`.
"""

from __future__ import annotations

import os
import secrets
import struct
import time
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["new_id", "new_id_bytes", "new_ids", "new_secret", "random_bytes"]

_VERSION_7 = 0x7000
_VARIANT = 0x8000_0000_0000_0000
_COUNTER_BITS = 12


def new_id() -> UUID:
    """One UUIDv7."""
    return next(new_ids(1))


def new_ids(count: int) -> Iterator[UUID]:
    """`count` UUIDv7 in ascending order; see `new_id_bytes`."""
    packed = new_id_bytes(count)
    for start in range(0, len(packed), 16):
        yield UUID(bytes=packed[start : start + 16])


def new_id_bytes(count: int) -> bytes:
    """`count` UUIDv7 in ascending order, 16 bytes each, one behind the other.

    `rand_a` is a 12-bit counter (RFC 9562 section 6.2, method 1): it starts at zero in each call
    and a full counter advances the millisecond, so a batch is sorted and collides with another
    batch only if 62 random bits do.
    """
    millis = time.time_ns() // 1_000_000
    noise = struct.unpack(f">{count}Q", os.urandom(8 * count))
    words = [0] * (2 * count)
    words[0::2] = [
        ((millis + (place >> _COUNTER_BITS)) & 0xFFFF_FFFF_FFFF) << 16
        | _VERSION_7
        | place & (1 << _COUNTER_BITS) - 1
        for place in range(count)
    ]
    words[1::2] = [_VARIANT | tail >> 2 for tail in noise]
    return struct.pack(f">{2 * count}Q", *words)


def new_secret() -> str:
    """256 random bits, URL-safe, 43 characters."""
    return secrets.token_urlsafe(32)


def random_bytes(count: int) -> bytes:
    """`count` bytes from the operating system."""
    return os.urandom(count)
