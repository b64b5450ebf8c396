"""Passwords: argon2id (RFC 9106), at most so many at once, under the service's key.

Shapes. `stored = HMAC(service key, argon2id(password, salt, params))`, 32 bytes. The salt is an
HMAC of the hashed address, so one hash answers for all workspaces of a person, and an unknown
address costs as much as a known one. A password is compared byte by byte as it was typed: no
trimming and no Unicode normalisation.

Parameters: RFC 9106 section 4, second recommended option: 64 MiB, 3 passes, 4 lanes. Memory: each
hash takes `memory_kib`, `AT_ONCE` run, `WAITING` wait, the rest is told to come again.
"""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from argon2.low_level import Type, hash_secret_raw

from .model import SignInBusy

if TYPE_CHECKING:
    from .service_key import ServiceKey

__all__ = ["AT_ONCE", "DEFAULT_PARAMS", "WAITING", "HashParams", "PasswordHasher", "parse_params"]

AT_ONCE: Final = 4
WAITING: Final = 16
_HASH_BYTES: Final = 32
_SALT_BYTES: Final = 16
_PARAMS: Final = re.compile(r"argon2id,v=19,m=(\d{1,9}),t=(\d{1,3}),p=(\d{1,3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class HashParams:
    """Cost of one hash."""

    memory_kib: int
    passes: int
    lanes: int

    def render(self) -> str:
        """As it is stored beside the hash, in the words of the PHC string format."""
        return f"argon2id,v=19,m={self.memory_kib},t={self.passes},p={self.lanes}"


DEFAULT_PARAMS: Final = HashParams(memory_kib=65_536, passes=3, lanes=4)


def parse_params(text: str) -> HashParams:
    """What `render` wrote.

    Raises:
        ValueError: something else.
    """
    found = _PARAMS.fullmatch(text)
    if found is None:
        raise ValueError(f"no parameters of ours: {text!r}")
    memory_kib, passes, lanes = map(int, found.groups())
    return HashParams(memory_kib=memory_kib, passes=passes, lanes=lanes)


class PasswordHasher:
    """Hashes in threads of its own, which are the limit on memory and processors."""

    def __init__(self, key: ServiceKey, params: HashParams = DEFAULT_PARAMS) -> None:
        self.params = params
        self._key = key
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
        self._taken = 0

    def close(self) -> None:
        """Hashes under way are finished, waiting ones dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str, *, person_mac: bytes, params: HashParams) -> bytes:
        """What is stored, or compared with what is stored.

        Raises:
            SignInBusy: as many as there is room for are hashed or wait already.
        """
        if self._taken >= AT_ONCE + WAITING:
            raise SignInBusy("Many people are signing in at this moment; try again in a moment.")
        self._taken += 1
        # Counted until the thread is done: a caller who goes away does not free its memory.
        running = self._pool.submit(self._hash, password.encode(), person_mac, params)
        loop = asyncio.get_running_loop()
        running.add_done_callback(lambda _: loop.call_soon_threadsafe(self._give_back))
        return await asyncio.wrap_future(running)

    def _give_back(self) -> None:
        self._taken -= 1

    def _hash(self, password: bytes, person_mac: bytes, params: HashParams) -> bytes:
        raw = hash_secret_raw(
            secret=password,
            salt=self._key.mac("password-salt", person_mac)[:_SALT_BYTES],
            time_cost=params.passes,
            memory_cost=params.memory_kib,
            parallelism=params.lanes,
            hash_len=_HASH_BYTES,
            type=Type.ID,
            version=19,
        )
        return self._key.mac("password", raw)
