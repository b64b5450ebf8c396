"""Words of the vault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from evenhand.platform.errors import Unavailable

if TYPE_CHECKING:
    from uuid import UUID

    from evenhand.sealing import Context

__all__ = ["KeyHolder", "KeyHolderStatus", "KeyUnavailable"]


class KeyUnavailable(Unavailable):
    """The key holder did not give the key; without it there is no plaintext."""

    code = "key_unavailable"


@dataclass(frozen=True, slots=True)
class KeyHolderStatus:
    """What a customer is shown about who holds its key."""

    level: str
    sentence: str


class KeyHolder(Protocol):
    """Who holds the workspace's key. Narrow on purpose: no form of it gives the key away."""

    def create(self, workspace: UUID) -> None:
        """Make the workspace's key; refuses to overwrite one."""
        ...

    def wrap(self, workspace: UUID, context: Context, child: bytes) -> bytes:
        """`child` sealed under the workspace's key."""
        ...

    def unwrap(self, workspace: UUID, context: Context, wrapped: bytes) -> bytes:
        """What `wrap` sealed; raises KeyUnavailable."""
        ...

    def mac(self, workspace: UUID, purpose: str, *parts: bytes) -> bytes:
        """Keyed hash (32 bytes) under a key derived for `purpose`."""
        ...

    def status(self) -> KeyHolderStatus:
        """Level and a sentence for the page."""
        ...
