"""The one opening function. Only `evenhand.access` may import this module; a gate enforces it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenhand.sealing import Context, SealingError, dek_id_of, open_sealed

from .model import KeyUnavailable

if TYPE_CHECKING:
    from uuid import UUID

    from .keyring import Keyring

__all__ = ["open_field"]


async def open_field(
    keyring: Keyring,
    *,
    workspace: UUID,
    project: UUID,
    object_id: UUID,
    field: str,
    sealed: bytes,
    version: int = 1,
) -> bytes:
    """The plaintext of one field of one object.

    Raises:
        KeyUnavailable: no key, or the value was moved or changed.
    """
    try:
        dek = await keyring.data_key(workspace, dek_id_of(sealed))
        return open_sealed(dek, Context(workspace, project, object_id, version, field), sealed)
    except SealingError as error:
        raise KeyUnavailable(f"Object {object_id} does not open: {error}.") from error
