"""The built-in key holder: level L0, the key lies on the service's host.

Anybody with a shell on that host can read it; the product says so on every page. One file of 32
random bytes per workspace, mode 0600, in a folder of mode 0700. After `create` returns, the file
and its folder entry are on disk.
"""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING
from uuid import UUID

from evenhand.platform.ids import random_bytes
from evenhand.sealing import DataKey, SealingError, unwrap_key, wrap_key

from .model import KeyHolderStatus, KeyUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from evenhand.sealing import Context

__all__ = ["HostedKeyHolder"]

_KEY_BYTES = 32


class HostedKeyHolder:
    """Keys in files of `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[UUID, DataKey] = {}
        self._derived: dict[tuple[UUID, str], bytes] = {}

    def create(self, workspace: UUID) -> None:
        """Make a key file, durably, and never overwrite one."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(workspace)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(random_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def wrap(self, workspace: UUID, context: Context, child: bytes) -> bytes:
        """`child` sealed under the workspace's key."""
        return wrap_key(self._key(workspace), context, child, nonce=random_bytes(12))

    def unwrap(self, workspace: UUID, context: Context, wrapped: bytes) -> bytes:
        """What `wrap` sealed."""
        try:
            return unwrap_key(self._key(workspace), context, wrapped)
        except SealingError as error:
            raise KeyUnavailable(f"The workspace's key does not open this: {error}.") from error

    def mac(self, workspace: UUID, purpose: str, *parts: bytes) -> bytes:
        """HMAC-SHA-256 under a key derived for `purpose`; parts are length-prefixed."""
        derived = self._derived.get((workspace, purpose))
        if derived is None:
            key = self._key(workspace).key
            derived = hmac.digest(key, b"mac/" + purpose.encode(), "sha256")
            self._derived[workspace, purpose] = derived
        said = b"".join([len(part).to_bytes(4, "big") + part for part in parts])
        return hmac.digest(derived, said, "sha256")

    def status(self) -> KeyHolderStatus:
        """L0, in words."""
        return KeyHolderStatus(
            level="L0",
            sentence="Hosted key: whoever has a shell on the service's host can read the data.",
        )

    def _path(self, workspace: UUID) -> Path:
        return self._folder / f"{workspace}.kek"

    def _key(self, workspace: UUID) -> DataKey:
        kept = self._kept.get(workspace)
        if kept is None:
            try:
                key = self._path(workspace).read_bytes()
            except OSError as error:
                raise KeyUnavailable(
                    "The hosted key of this workspace is not on this host; restore the keys folder."
                ) from error
            if len(key) != _KEY_BYTES:
                raise KeyUnavailable(
                    "The hosted key of this workspace is damaged; restore the keys folder."
                )
            kept = self._kept[workspace] = DataKey(id=workspace, key=key)
        return kept
