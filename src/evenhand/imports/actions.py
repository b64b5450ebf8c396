"""A streaming import: staged in small transactions, flipped in one statement, all or nothing.

What is durable when: chunks of a batch in state staging, which nobody can lease; after the flip the
whole batch at once, together with its idempotency key and its log intent. A process that dies
leaves a staging batch; its session lock is free then, and the next import or the sweeper removes
it.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg

from evenhand.formats import FormatError
from evenhand.gold import add_gold, delete_gold
from evenhand.identity import POLICY_HASH, find_once, remember_once
from evenhand.items import (
    EXTERNAL_PURPOSE,
    DuplicateItem,
    abandoned_batches,
    add_items,
    commit_later,
    create_batch,
    delete_batch,
    delete_some_items,
    find_by_external_keys,
    get_batch,
    holding_batch,
    holding_key,
    open_batch,
    try_holding_batch,
)
from evenhand.platform.errors import Unavailable
from evenhand.platform.ids import new_id
from evenhand.tasks import add_tasks, delete_some_tasks
from evenhand.transparency import intend

from .chunks import ChunkQueue, CsvChunks, JsonlChunks
from .model import Chunk, ImportFormat, ImportRefused, Prepared, Recipe
from .preparing import Preparer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from uuid import UUID

    from evenhand.identity import Actor
    from evenhand.items import Batch, BatchPurpose
    from evenhand.platform.db import Database, Tx
    from evenhand.projects import Project
    from evenhand.vault import Keyring

__all__ = ["Importer", "sweep_abandoned"]

# Chunks on their way: one is read out, one prepared, one written.
_AHEAD = 5
_ASSIGNEE_KEY = "task_workspace_id_assignee_id_fkey"
_DELETE_ROWS = 5000


class Importer:
    """One import of one file into one project."""

    def __init__(
        self,
        db: Database,
        keyring: Keyring,
        actor: Actor,
        project: Project,
        *,
        name: str,
        purpose: BatchPurpose,
        readmit: Callable[[], AbstractAsyncContextManager[tuple[Tx, Actor]]] | None = None,
    ) -> None:
        """`readmit` asks for the caller's credential again, for the transaction of the flip."""
        self._readmit = readmit
        self._db = db
        self._keyring = keyring
        self._actor = actor
        self._project = project
        self._name = name
        self._purpose: BatchPurpose = purpose
        self._batch = new_id()
        self._item_count = 0
        self.task_count = 0
        # The key of a repeat covers where the file went and as what, not only its bytes.
        self._digest = hashlib.sha256(project.id.bytes + purpose.encode() + b"/")

    async def run(
        self, chunks: AsyncIterator[bytes], *, form: ImportFormat, idempotency_key: str | None
    ) -> Batch:
        """Import the stream; gives the open batch (an earlier one when the key is repeated).

        Raises:
            ImportRefused: a line is not acceptable; nothing is kept.
            DuplicateItem: an id is in the project already; nothing is kept.
        """
        workspace = self._actor.workspace_id
        await sweep_abandoned(self._db, idle=timedelta(0))
        async with AsyncExitStack() as held:
            if idempotency_key is not None:
                # Of two imports with one key the second waits for the first and then repeats it.
                await held.enter_async_context(
                    holding_key(self._db, self._actor.member_id, idempotency_key)
                )
                before = await self._find_before(chunks, idempotency_key)
                if before is not None:
                    return before
            await held.enter_async_context(holding_batch(self._db, self._batch))
            opened = await self._import(chunks, form, idempotency_key)
        async with self._db.transaction(workspace) as tx:
            return await get_batch(tx, workspace, opened)

    async def _find_before(self, chunks: AsyncIterator[bytes], key: str) -> Batch | None:
        """The batch that this key made, after reading the body again and finding it the same."""
        workspace = self._actor.workspace_id
        async with self._db.transaction(workspace) as tx:
            known = await find_once(tx, self._actor, key=key)
        if known is None:
            return None
        async for chunk in chunks:
            self._digest.update(chunk)
        async with self._db.transaction(workspace) as tx:
            made = await remember_once(
                tx,
                self._actor,
                key=key,
                request_mac=self._digest.digest(),
                made=self._batch,
            )
            return await get_batch(tx, workspace, made or known)

    async def _import(
        self, chunks: AsyncIterator[bytes], form: ImportFormat, idempotency_key: str | None
    ) -> UUID:
        workspace = self._actor.workspace_id
        external_key = self._keyring.holder.mac(workspace, EXTERNAL_PURPOSE, self._project.id.bytes)
        recipe = Recipe(
            workspace=workspace,
            project=self._project.id,
            task_type=self._project.task_type,
            settings=dict(self._project.settings),
            judgments_per_item=self._project.judgments_per_item,
            purpose=self._purpose,
            external_key=external_key,
        )
        async with self._db.transaction(workspace) as tx:
            await create_batch(
                tx,
                workspace,
                made=self._batch,
                project=self._project.id,
                name=self._name,
                purpose=self._purpose,
            )
        opened = None
        try:
            async with Preparer(recipe) as preparer:
                await self._stage(chunks, form, preparer)
            opened = await self._flip(idempotency_key)
            return opened
        finally:
            if opened != self._batch:
                await clean_batch(self._db, workspace, self._batch)

    async def _stage(
        self, chunks: AsyncIterator[bytes], form: ImportFormat, preparer: Preparer
    ) -> None:
        """Read, prepare and write at the same time, a few chunks apart.

        Raises: what went wrong first in the order of the file, since the writer takes chunks in
        that order; what goes wrong with the connection at once.
        """
        queue = ChunkQueue(_AHEAD)
        reading = asyncio.create_task(self._read(chunks, form, preparer, queue))
        writing = asyncio.create_task(self._write_all(queue))
        try:
            await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_EXCEPTION)
            for task in (writing, reading):
                if task.done():
                    task.result()
        finally:
            reading.cancel()
            writing.cancel()
            await asyncio.gather(reading, writing, return_exceptions=True)
            await queue.clear()
        if self._item_count == 0:
            raise ImportRefused("The file has no items.")

    async def _read(
        self,
        chunks: AsyncIterator[bytes],
        form: ImportFormat,
        preparer: Preparer,
        queue: ChunkQueue,
    ) -> None:
        """Cut the stream and have each chunk prepared; the queue bounds how many wait."""
        cutter = JsonlChunks() if form == "jsonl" else CsvChunks()
        try:
            async for data in chunks:
                self._digest.update(data)
                for chunk in cutter.feed(data):
                    await self._order(chunk, preparer, queue)
            for chunk in cutter.finish():
                await self._order(chunk, preparer, queue)
        except FormatError as error:
            for chunk in cutter.finish():
                await self._order(chunk, preparer, queue)
            await queue.put(_refuse(error))
        queue.end()

    async def _order(self, chunk: Chunk, preparer: Preparer, queue: ChunkQueue) -> None:
        # Asked for each chunk, since a data key is good for so many objects only.
        sealer = await self._keyring.sealer(self._actor.workspace_id, self._project.id)
        await queue.put(preparer.prepare(chunk, sealer.lend(chunk.lines_max())))

    async def _write_all(self, queue: ChunkQueue) -> None:
        while (prepared := await queue.get()) is not None:
            if prepared.lines:
                await self._write(prepared)

    async def _write(self, prepared: Prepared) -> None:
        workspace = self._actor.workspace_id
        project = self._project.id
        try:
            async with self._db.transaction(workspace) as tx:
                # A staging batch is promised to nobody. The flip's own commit waits for the disk,
                # and with it for all that was logged before, since the log is written in order.
                await commit_later(tx)
                await add_items(
                    tx, workspace, project=project, batch=self._batch, items=prepared.items
                )
                if prepared.gold:
                    await add_gold(tx, workspace, project, prepared.gold)
                await add_tasks(
                    tx,
                    workspace,
                    project=project,
                    batch=self._batch,
                    purpose=self._purpose,
                    tasks=prepared.tasks,
                )
        except DuplicateItem as error:
            line = await self._line_of_duplicate(prepared)
            raise DuplicateItem(
                f"Line {line}: the project has an item with this id already, from an earlier"
                " import or an earlier line; nothing was kept."
            ) from error
        except asyncpg.ForeignKeyViolationError as error:
            if error.constraint_name != _ASSIGNEE_KEY:
                raise Unavailable(
                    "The import was given up meanwhile; start it again.", code="import_given_up"
                ) from error
            raise ImportRefused(
                "An assignee is not a member of this workspace; nothing was kept.",
                code="no_assignee",
            ) from error
        self._item_count += len(prepared.lines)
        self.task_count += len(prepared.tasks.positions)

    async def _line_of_duplicate(self, prepared: Prepared) -> int:
        keys = prepared.items.keys()
        async with self._db.transaction(self._actor.workspace_id) as tx:
            known = await find_by_external_keys(
                tx, self._actor.workspace_id, self._project.id, keys
            )
        lines = zip(keys, prepared.lines, strict=True)
        return min((line for key, line in lines if key in known), default=0)

    async def _flip(self, idempotency_key: str | None) -> UUID:
        """Make the batch visible, unless the caller's key was revoked while it was uploading."""
        workspace = self._actor.workspace_id
        async with self._last_transaction() as tx:
            before = await remember_once(
                tx,
                self._actor,
                key=idempotency_key,
                request_mac=self._digest.digest(),
                made=self._batch,
            )
            if before is not None:
                return before
            await open_batch(tx, workspace, self._batch, item_count=self._item_count)
            await intend(
                tx,
                workspace,
                "batch.imported/1",
                actor=self._actor.member_id,
                policy=POLICY_HASH,
                target=self._batch,
            )
        return self._batch

    @asynccontextmanager
    async def _last_transaction(self) -> AsyncGenerator[Tx]:
        if self._readmit is None:
            async with self._db.transaction(self._actor.workspace_id) as tx:
                yield tx
        else:
            async with self._readmit() as (tx, _):
                yield tx


async def _refuse(error: FormatError) -> Prepared:
    """Stands in the queue where the file ends in an error, so that earlier ones come first."""
    raise ImportRefused(str(error)) from error


async def clean_batch(db: Database, workspace: UUID, batch: UUID) -> None:
    """Remove a staging batch in small transactions; stopping half way is harmless."""
    async with db.transaction(workspace) as tx:
        await delete_gold(tx, workspace, batch)
    for delete in (delete_some_tasks, delete_some_items):
        gone = _DELETE_ROWS
        while gone:
            async with db.transaction(workspace) as tx:
                gone = await delete(tx, workspace, batch, most=_DELETE_ROWS)
    async with db.transaction(workspace) as tx:
        await delete_batch(tx, workspace, batch)


async def sweep_abandoned(db: Database, *, idle: timedelta) -> int:
    """Remove staging batches whose import's process is gone; gives how many."""
    swept = 0
    for workspace, batch in await abandoned_batches(db, idle=idle):
        async with try_holding_batch(db, batch) as held:
            if held:
                await clean_batch(db, workspace, batch)
                swept += 1
    return swept
