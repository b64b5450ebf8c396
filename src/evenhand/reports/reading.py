"""The questions of the reports, one query each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evenhand.items import EXTERNAL_PURPOSE, external_key
from evenhand.platform.queries import load_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from evenhand.platform.db import Tx
    from evenhand.vault import KeyHolder

__all__ = ["Audience", "Shown", "find_item_named", "read_audience", "read_shown", "read_wall"]

_Q = load_queries(__package__ or "")


@dataclass(frozen=True, slots=True)
class Audience:
    """Who was shown how many distinct items.

    Shapes:
        projects: `id, name, item_count, shown_count` of every project, oldest first.
        vendors: `vendor_id, vendor_name, item_count, member_count`, largest first; the vendor NULL
            stands for the customer's own people.
        members: `member_id, member_name, role, vendor_name, item_count`, largest first.
    """

    projects: Sequence[asyncpg.Record]
    vendors: Sequence[asyncpg.Record]
    members: Sequence[asyncpg.Record]


@dataclass(frozen=True, slots=True)
class Shown:
    """One item that a member was given the key for, the first time."""

    item_id: UUID
    project_id: UUID
    shown_at: datetime


async def read_audience(tx: Tx, workspace: UUID, *, project: UUID | None, most: int) -> Audience:
    """Shares in one project, or in all of them; the `most` members who saw most."""
    return Audience(
        projects=await tx.fetch(_Q["count_items"], workspace),
        vendors=await tx.fetch(_Q["share_by_vendor"], workspace, project),
        members=await tx.fetch(_Q["share_by_member"], workspace, project, most),
    )


async def read_shown(
    tx: Tx, workspace: UUID, *, member: UUID, project: UUID | None, after: UUID, limit: int
) -> list[Shown]:
    """The items behind a member's number, in the order of their ids."""
    rows = await tx.fetch(_Q["shown_to_member"], workspace, member, project, after, limit)
    return [Shown(**row) for row in rows]


async def read_wall(
    tx: Tx, workspace: UUID, *, after: UUID, denied: bool, limit: int
) -> list[dict[str, Any]]:
    """Members with the last verdict on each; `denied` leaves out whoever may work.

    `verdict` is allowed, denied, or unknown where nobody was judged since the wall changed; the
    reasons of an older verdict stay beside it.
    """
    rows = await tx.fetch(_Q["read_wall"], workspace, after, denied, limit)
    return [
        {
            "member_id": row["id"],
            "name": row["name"],
            "role": row["role"],
            "vendor_name": row["vendor_name"],
            "removed": row["removed_at"] is not None,
            "verdict": _word_for(row),
            "present": bool(row["present"]),
            "reasons": [] if row["reasons"] is None else json.loads(row["reasons"]),
        }
        for row in rows
    ]


async def find_item_named(
    tx: Tx, holder: KeyHolder, workspace: UUID, *, project: UUID, own_id: str
) -> UUID | None:
    """The item that bears the customer's own id, by its keyed hash."""
    key = external_key(holder.mac(workspace, EXTERNAL_PURPOSE, project.bytes), own_id)
    found: UUID | None = await tx.fetchval(_Q["find_item_named"], workspace, project, key)
    return found


def _word_for(row: asyncpg.Record) -> str:
    if row["allowed"] is None:
        return "unknown"
    return "allowed" if row["allowed"] else "denied"
