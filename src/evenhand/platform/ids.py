"""The only source of ids and secrets.

Ids are UUIDv7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then randomness, so that new
rows land at the right edge of each index. They are ids, not secrets: whoever must not guess gets
`new_secret`.
"""

from __future__ import annotations

import os
import secrets
import time
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["new_id", "new_ids", "new_secret", "random_bytes"]

_VERSION_7 = 0x7000
_VARIANT = 0x8000_0000_0000_0000
_COUNTER_BITS = 12


def new_id() -> UUID:
    """One UUIDv7."""
    return next(new_ids(1))


def new_ids(count: int) -> Iterator[UUID]:
    """`count` UUIDv7 in ascending order.

    `rand_a` is a 12-bit counter (RFC 9562 section 6.2, method 1): it starts at zero in each call
    and a full counter advances the millisecond, so a batch is sorted and collides with another
    batch only if 62 random bits do.
    """
    millis = time.time_ns() // 1_000_000
    noise = os.urandom(8 * count)
    for position in range(count):
        tick, counter = divmod(position, 1 << _COUNTER_BITS)
        tail = int.from_bytes(noise[8 * position : 8 * position + 8], "big") >> 2
        high = ((millis + tick) & 0xFFFF_FFFF_FFFF) << 16 | _VERSION_7 | counter
        yield UUID(int=high << 64 | _VARIANT | tail)


def new_secret() -> str:
    """256 random bits, URL-safe, 43 characters."""
    return secrets.token_urlsafe(32)


def random_bytes(count: int) -> bytes:
    """`count` bytes from the operating system."""
    return os.urandom(count)
