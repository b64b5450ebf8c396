"""The workspace token: what row-level security believes instead of a bare setting.

Form: 32 hex digits of the workspace id, `:`, expiry (whole seconds since the epoch, by the
*database's* clock), `:`, HMAC-SHA-256 of what stands before in 64 hex digits. The database verifies
it with a secret that the application's role cannot read (specs/trust.md section 3), so an injected
`set_config` gets nothing.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

__all__ = ["TokenMinter", "hmac_pads"]

_BLOCK_BYTES = 64
_TOKEN_TTL_S = 120
_REMINT_AFTER_S = 30
_KEPT_MAX = 10_000


def hmac_pads(secret: bytes) -> tuple[bytes, bytes]:
    """Inner and outer padded keys (RFC 2104 section 2) of a secret of at most 64 bytes."""
    block = secret.ljust(_BLOCK_BYTES, b"\0")
    return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)


class TokenMinter:
    """Mints and keeps tokens. `database_now` gives seconds since the epoch by the database."""

    def __init__(self, secret: bytes, database_now: Callable[[], float]) -> None:
        self._secret = secret
        self._now = database_now
        self._kept: dict[UUID, tuple[float, str]] = {}

    def token(self, workspace: UUID) -> str:
        """A token that is good for at least 90 more seconds."""
        now = self._now()
        kept = self._kept.get(workspace)
        if kept is not None and now < kept[0]:
            return kept[1]
        said = f"{workspace.hex}:{int(now) + _TOKEN_TTL_S}"
        mac = hmac.digest(self._secret, said.encode("ascii"), "sha256").hex()
        if len(self._kept) > _KEPT_MAX:
            self._kept.clear()
        self._kept[workspace] = (now + _REMINT_AFTER_S, f"{said}:{mac}")
        return self._kept[workspace][1]
