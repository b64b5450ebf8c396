"""Rows of items and batches to values and back."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from evenhand.platform.errors import NotFound
from evenhand.platform.queries import load_queries

from .model import Batch, BatchPurpose, DuplicateItem, ItemColumns, SealedItem

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from datetime import timedelta
    from uuid import UUID

    from evenhand.platform.db import Database, Tx

__all__ = [
    "abandoned_batches",
    "add_items",
    "array_text",
    "commit_later",
    "create_batch",
    "delete_batch",
    "delete_some_items",
    "find_by_external_keys",
    "get_batch",
    "holding_batch",
    "holding_key",
    "list_batches",
    "list_item_ids",
    "open_batch",
    "read_items",
    "try_holding_batch",
]

_Q = load_queries(__package__ or "")


def array_text(numbers: Sequence[int | None]) -> str:
    """Numbers as PostgreSQL writes an array: for `$1::text::int[]`.

    The driver looks closely at each element of a list; for thousands of numbers the text is six
    times as fast.
    """
    return "{" + ",".join(["NULL" if one is None else str(one) for one in numbers]) + "}"


async def create_batch(
    tx: Tx,
    workspace: UUID,
    *,
    made: UUID,
    project: UUID,
    name: str,
    purpose: BatchPurpose,
    priority: int = 0,
) -> None:
    """A batch in state staging."""
    try:
        await tx.execute(_Q["insert_batch"], workspace, made, project, name, purpose, priority)
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound("There is no such project.") from error


async def commit_later(tx: Tx) -> None:
    """Let this transaction's commit not wait for the disk: for what was promised to nobody yet."""
    await tx.execute(_Q["commit_later"])


async def add_items(
    tx: Tx, workspace: UUID, *, project: UUID, batch: UUID, items: ItemColumns
) -> None:
    """Write items, about 2,000 a call.

    Raises:
        DuplicateItem: an external id is in the project already (or twice in this call).
    """
    try:
        await tx.execute(
            _Q["insert_items"],
            workspace,
            project,
            batch,
            items.ids,
            items.external_keys,
            items.sealed,
            array_text(items.starts()),
            array_text(items.payload_bytes),
            array_text(items.meta_bytes),
        )
    except asyncpg.UniqueViolationError as error:
        raise DuplicateItem("An id of the import is in the project already.") from error


async def open_batch(tx: Tx, workspace: UUID, batch: UUID, *, item_count: int) -> None:
    """Flip a staged import to open, all at once.

    Raises:
        NotFound: the batch is not staging (it was cleaned up meanwhile).
    """
    if await tx.fetchval(_Q["open_batch"], workspace, batch, item_count) is None:
        raise NotFound("The import was given up meanwhile; start it again.")


async def get_batch(tx: Tx, workspace: UUID, batch: UUID) -> Batch:
    """The batch.

    Raises:
        NotFound: unknown or another workspace's.
    """
    row = await tx.fetchrow(_Q["get_batch"], workspace, batch)
    if row is None:
        raise NotFound("There is no such batch.")
    return Batch(**row)


async def list_batches(
    tx: Tx, workspace: UUID, project: UUID, *, after: UUID, limit: int
) -> list[Batch]:
    """Oldest first."""
    rows = await tx.fetch(_Q["list_batches"], workspace, project, after, limit)
    return [Batch(**row) for row in rows]


async def list_item_ids(
    tx: Tx, workspace: UUID, project: UUID, *, purpose: BatchPurpose, after: UUID, limit: int
) -> list[UUID]:
    """Ids of a project's items, ascending."""
    rows = await tx.fetch(_Q["list_item_ids"], workspace, project, purpose, after, limit)
    return [row["id"] for row in rows]


async def read_items(tx: Tx, workspace: UUID, ids: Sequence[UUID]) -> list[SealedItem]:
    """Sealed parts, by ascending id; unknown ids are left out."""
    return [SealedItem(**row) for row in await tx.fetch(_Q["read_items"], workspace, ids)]


async def delete_some_items(tx: Tx, workspace: UUID, batch: UUID, *, most: int) -> int:
    """Remove part of a staging batch's items; gives how many went."""
    gone: int = await tx.fetchval(_Q["delete_items_some"], workspace, batch, most)
    return gone


async def delete_batch(tx: Tx, workspace: UUID, batch: UUID) -> None:
    """Remove a staging batch."""
    await tx.execute(_Q["delete_batch"], workspace, batch)


async def find_by_external_keys(
    tx: Tx, workspace: UUID, project: UUID, keys: Sequence[bytes]
) -> set[bytes]:
    """Which of these keyed ids the project has already."""
    rows = await tx.fetch(_Q["find_by_external_keys"], workspace, project, keys)
    return {row["external_key"] for row in rows}


async def abandoned_batches(db: Database, *, idle: timedelta) -> list[tuple[UUID, UUID]]:
    """Workspace and batch of imports that nobody has touched for `idle`."""
    rows = await db.fetch(_Q["abandoned_batches"], idle)
    return [(row["workspace_id"], row["id"]) for row in rows]


@asynccontextmanager
async def holding_batch(db: Database, batch: UUID) -> AsyncGenerator[None]:
    """Show that an import is alive for as long as the block runs.

    Locks: session advisory lock of the batch on a connection of its own; the kernel frees it when
    the process dies, whatever it was doing.
    """
    async with _holding(db, "batch", batch):
        yield


@asynccontextmanager
async def holding_key(db: Database, member: UUID, key: str) -> AsyncGenerator[None]:
    """Let only one import with this member's idempotency key run at a time.

    Locks: session advisory lock of the key, as `holding_batch`.
    """
    async with _holding(db, "key", f"{member}/{key}"):
        yield


@asynccontextmanager
async def _holding(db: Database, what: str, name: object) -> AsyncGenerator[None]:
    # Not from the pool: an import may take hours, and everybody else needs the pool meanwhile.
    connection = await asyncpg.connect(**db.address, timeout=10.0)
    try:
        await connection.execute(_Q[f"hold_{what}"], name)
        yield
    finally:
        # The end of the session frees the lock.
        connection.terminate()


@asynccontextmanager
async def try_holding_batch(db: Database, batch: UUID) -> AsyncGenerator[bool]:
    """True when the batch's import is dead; nobody else cleans it while the block runs."""
    async with db.pool.acquire() as connection:
        held: bool = await connection.fetchval(_Q["try_hold_batch"], batch)
        try:
            yield held
        finally:
            if held and not connection.is_closed():
                await connection.execute(_Q["let_go_batch"], batch)
