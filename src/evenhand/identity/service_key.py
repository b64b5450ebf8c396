"""The service's own key: 32 random bytes in a file beside the hosted keys, made at the first start.

It never lies in the database, so a copy of the database alone opens no second factor and lets
nobody guess passwords. The database remembers its fingerprint: a service that comes with another
key, or with none, does not start. There is no default.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from evenhand.platform.ids import random_bytes
from evenhand.platform.queries import load_queries

from .model import ServiceKeyRefused

if TYPE_CHECKING:
    from pathlib import Path

    from evenhand.platform.db import Database

__all__ = ["FILE_NAME", "SealBroken", "ServiceKey", "load_service_key"]

_Q = load_queries(__package__ or "")
FILE_NAME: Final = "service.key"
_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_DISTINCT_BYTES_MIN: Final = 8
_READABLE_BY_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class SealBroken(ValueError):
    """What was sealed was changed, moved, or sealed by another key."""


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """The key, of which every use takes a key of its own."""

    secret: bytes = field(repr=False)

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose: HMAC-SHA-256 of its name (RFC 5869 section 2.3, one block)."""
        return hmac.digest(self.secret, b"evenhand/service/1/" + purpose.encode(), "sha256")

    def mac(self, purpose: str, *parts: bytes) -> bytes:
        """HMAC-SHA-256 under the purpose's key; parts are length-prefixed."""
        said = b"".join([len(part).to_bytes(4, "big") + part for part in parts])
        return hmac.digest(self.derive(purpose), said, "sha256")

    def seal(self, purpose: str, plain: bytes, *, about: bytes) -> bytes:
        """AES-256-GCM: 12 bytes of nonce, then the rest. `about` is authenticated."""
        nonce = random_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self.derive(purpose)).encrypt(nonce, plain, about)

    def open(self, purpose: str, sealed: bytes, *, about: bytes) -> bytes:
        """What `seal` sealed.

        Raises:
            SealBroken: not sealed by this key for this purpose and `about`.
        """
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(self.derive(purpose)).decrypt(nonce, rest, about)
        except (InvalidTag, ValueError) as error:
            raise SealBroken("the seal does not open") from error

    @property
    def fingerprint(self) -> bytes:
        """What the database remembers. It tells nothing of a key of 256 random bits."""
        return hashlib.sha256(b"evenhand/service-key/1\x00" + self.secret).digest()


async def load_service_key(db: Database, folder: Path) -> ServiceKey:
    """The key of `folder`; made there if neither folder nor database knows one yet.

    Raises:
        ServiceKeyRefused: missing, too short, weak, readable by others, or another database's.
    """
    path = folder / FILE_NAME
    key = _read(path)
    if key is None:
        fresh = ServiceKey(random_bytes(_BYTES))
        # The file first: a crash in between leaves a key that nothing was sealed with.
        key = _read(path) if not _write_new(path, fresh.secret) else fresh
        if key is None:
            raise ServiceKeyRefused(f"The service's key {path} went away while it was read.")
        made_now = key is fresh
    else:
        made_now = False
    bound: bytes = await db.fetchval(_Q["bind_service_key"], key.fingerprint)
    if not hmac.compare_digest(bound, key.fingerprint):
        if made_now:
            path.unlink(missing_ok=True)
            raise ServiceKeyRefused(
                f"The service's key {path} is missing, and this database was used with one: restore"
                " it from the backup of the keys folder."
            )
        raise ServiceKeyRefused(
            f"The service's key {path} is not the one that this database was used with: restore the"
            " right one from the backup of the keys folder."
        )
    return key


def _read(path: Path) -> ServiceKey | None:
    try:
        mode = path.stat().st_mode
        secret = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(secret) != _BYTES:
        raise ServiceKeyRefused(
            f"The service's key {path} has {len(secret)} bytes, not {_BYTES}: restore it."
        )
    if len(set(secret)) < _DISTINCT_BYTES_MIN:
        raise ServiceKeyRefused(f"The service's key {path} is not random: restore it.")
    if mode & _READABLE_BY_OTHERS:
        raise ServiceKeyRefused(f"Others can read the service's key: chmod 600 {path}")
    return ServiceKey(secret)


def _write_new(path: Path, secret: bytes) -> bool:
    """Whether this process made the file; of several that start at once, one does.

    After it returns, file and folder entry are on disk, and nobody sees a file half written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True
