"""Words of items."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Literal, get_args

from evenhand.platform.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

__all__ = ["BATCH_PURPOSES", "Batch", "BatchPurpose", "DuplicateItem", "ItemColumns", "SealedItem"]

BatchPurpose = Literal["label", "gold"]
NO_KEY: Final = bytes(16)
"""Stands for no external key. A keyed hash is this once in 2^128."""
BATCH_PURPOSES: Final[tuple[BatchPurpose, ...]] = get_args(BatchPurpose)


class DuplicateItem(Conflict):
    """An external id of the import is in the project already."""

    code = "item_exists"


@dataclass(frozen=True, slots=True)
class ItemColumns:
    """Items to store, sealed already, column by column: a few large values cost driver and database
    a third of many small ones.

    `ids` and `external_keys` hold 16 bytes for each item, one behind the other (`NO_KEY` for an
    item without); `sealed` holds each item's payload with its meta behind it, and `payload_bytes`
    and `meta_bytes` (None without meta) say how long they are.
    """

    ids: bytes
    external_keys: bytes
    payload_bytes: list[int]
    meta_bytes: list[int | None]
    sealed: bytes = field(repr=False)

    @classmethod
    def of(
        cls,
        ids: bytes,
        external_keys: Sequence[bytes | None],
        payloads: Sequence[bytes],
        metas: Sequence[bytes | None],
    ) -> ItemColumns:
        """Columns of values."""
        pieces = [b""] * (2 * len(payloads))
        pieces[0::2] = payloads
        pieces[1::2] = [meta or b"" for meta in metas]
        return cls(
            ids,
            b"".join([key or NO_KEY for key in external_keys]),
            [len(payload) for payload in payloads],
            [None if meta is None else len(meta) for meta in metas],
            b"".join(pieces),
        )

    def starts(self) -> list[int]:
        """Where each item begins in `sealed`, counted from 1 as SQL does."""
        sizes = [
            payload + (meta or 0)
            for payload, meta in zip(self.payload_bytes, self.meta_bytes, strict=True)
        ]
        return list(accumulate(sizes, initial=1))[:-1]

    def keys(self) -> list[bytes]:
        """The external keys one by one, `NO_KEY` among them."""
        return [self.external_keys[at : at + 16] for at in range(0, len(self.external_keys), 16)]


@dataclass(frozen=True, slots=True)
class SealedItem:
    """An item's sealed parts."""

    id: UUID
    payload: bytes
    meta: bytes | None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one import brought in."""

    id: UUID
    project_id: UUID
    name: str
    purpose: BatchPurpose
    state: str
    item_count: int
    created_at: datetime

    def render(self) -> dict[str, object]:
        """The batch as the API shows it."""
        return {
            "id": str(self.id),
            "project_id": str(self.project_id),
            "name": self.name,
            "purpose": self.purpose,
            "state": self.state,
            "item_count": self.item_count,
            "created_at": self.created_at.isoformat(),
        }
