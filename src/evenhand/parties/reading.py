"""Read parties and ties back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenhand.platform.queries import load_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg

    from evenhand.platform.db import Tx

__all__ = ["list_parties", "list_ties", "render_party", "render_tie"]

_Q = load_queries(__package__ or "")


async def list_parties(
    tx: Tx, workspace: UUID, *, after: UUID, limit: int
) -> Sequence[asyncpg.Record]:
    """Organizations and the like, oldest first; persons are listed as members."""
    return await tx.fetch(_Q["list_parties"], workspace, after, limit)


async def list_ties(
    tx: Tx, workspace: UUID, *, after: UUID, limit: int
) -> Sequence[asyncpg.Record]:
    """Ties, oldest first."""
    return await tx.fetch(_Q["list_ties"], workspace, after, limit)


def render_party(row: asyncpg.Record) -> dict[str, object]:
    """A party as the API shows it."""
    return {**row, "id": str(row["id"])}


def render_tie(row: asyncpg.Record) -> dict[str, object]:
    """A tie as the API shows it; shares as exact decimal strings, dates as ISO 8601."""
    shown: dict[str, object] = {}
    for name, value in row.items():
        shown[name] = value if value is None or isinstance(value, str) else str(value)
    return shown
