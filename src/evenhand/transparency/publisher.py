"""Writes a log's files behind its signed head: bundles and tiles first, the checkpoint last.

What is durable when: every tile file is fsynced (with its folder) before the checkpoint file is
replaced, so a reader who sees a checkpoint can read all that it commits to, whatever is killed.
The files can be rebuilt from the database at will; deleting the folder does that.

Where witnesses are set, they are asked between tiles and checkpoint, and the checkpoint is
published with what they gave in time. One without the quorum's cosignatures is published all the
same (who has a policy refuses it), and replaced when they come. No annotator waits for any of this.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from evenhand.platform.queries import load_queries
from evenhand.tlog import (
    TILE_WIDTH,
    LogError,
    TileTree,
    extend_tiles,
    parse_vkey,
    unsafe_read_checkpoint,
)

from .log import get_log, read_size
from .model import LogForked, LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from evenhand.platform.db import Database
    from evenhand.tlog import Checkpoint, TileFile

    from .witnesses import Witnesses

__all__ = ["PublishedLog", "Publisher"]

_Q = load_queries(__package__ or "")
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class PublishedLog:
    """The folder of one workspace's log."""

    folder: Path

    def note(self) -> bytes | None:
        """The published checkpoint's signed note, or None before the first one."""
        try:
            return (self.folder / "checkpoint").read_bytes()
        except FileNotFoundError:
            return None

    def head(self) -> Checkpoint | None:
        """What the published note says, without checking its signature: it is our own file.

        Raises:
            LogUnavailable: the note is damaged. Nobody can tell what was published, so nothing may
                be signed.
        """
        note = self.note()
        try:
            return None if note is None else unsafe_read_checkpoint(note)
        except LogError as error:
            raise _damaged(error) from error

    def read(self, path: str) -> bytes:
        """A tile's or bundle's bytes.

        Raises:
            FileNotFoundError: not published.
        """
        return (self.folder / path).read_bytes()

    def tree(self) -> tuple[TileTree, bytes]:
        """A verified view of the published tree, and its note.

        Raises:
            LogUnavailable: nothing is published, or the files are damaged.
        """
        note = self.note()
        if note is None:
            raise LogUnavailable("The log is not published yet; try again in a second.")
        try:
            head = unsafe_read_checkpoint(note)
            return TileTree(size=head.size, root=head.root, read=self.read), note
        except (LogError, OSError) as error:
            raise _damaged(error) from error


class Publisher:
    """Brings the files of a workspace's log up to its signed head."""

    def __init__(self, db: Database, logs_dir: Path, *, witnesses: Witnesses | None = None) -> None:
        self._db = db
        self._logs_dir = logs_dir
        self._witnesses = witnesses
        self._below_quorum: dict[UUID, str] = {}
        self._compared: set[UUID] = set()
        self._forked: dict[UUID, LogForked] = {}

    async def close(self) -> None:
        """Ask no witness any more."""
        if self._witnesses is not None:
            await self._witnesses.close()

    def log(self, workspace: UUID) -> PublishedLog:
        """The folder of one workspace's log."""
        return PublishedLog(self._logs_dir / str(workspace))

    def workspaces(self) -> set[UUID]:
        """Workspaces that have published anything here."""
        try:
            return {UUID(entry.name) for entry in self._logs_dir.iterdir() if entry.is_dir()}
        except FileNotFoundError:
            return set()

    def below_quorum(self) -> set[UUID]:
        """Workspaces whose published checkpoint lacks cosignatures that can be asked for now."""
        if self._witnesses is None:
            return set()
        return {w for w, origin in self._below_quorum.items() if self._witnesses.is_due(origin)}

    async def publish(self, workspace: UUID) -> int:
        """Write what is missing, cosignatures too; gives the published size.

        Raises:
            LogForked: the files are ahead of the database or contradict it.
            LogUnavailable: the published checkpoint is damaged.
        """
        async with self._db.transaction(workspace) as tx:
            row = await tx.fetchrow(_Q["get_head"], workspace)
        if row is None:
            return 0
        log = self.log(workspace)
        old = log.head()
        size: int = row["size"]
        self.check_not_behind(workspace, size)
        done = 0 if old is None else old.size
        root = None if old is None else old.root
        if old is not None and done == size:
            await self._cosign_published(workspace, log, signed=row["note"].encode("utf-8"))
            return size
        while done < size:
            # Whole bundles until the last chunk: no partial tile is written and left behind.
            upto = min(size, (done // 256) * 256 + _CHUNK)
            async with self._db.transaction(workspace) as tx:
                rows = await tx.fetch(_Q["read_leaves"], workspace, done, upto)
            entries = [leaf["leaf"] for leaf in rows]
            try:
                await asyncio.to_thread(_grow, log, done, upto, entries, root)
            except LogError as error:
                raise LogForked(
                    f"The published files of workspace {workspace} contradict their checkpoint or"
                    f" the database ({error}); they are not built upon."
                ) from error
            done, root = upto, None
        note = await self._cosigned(workspace, log, row["note"].encode("utf-8"))
        await asyncio.to_thread(_finish, log, size, note)
        return size

    async def _cosign_published(self, workspace: UUID, log: PublishedLog, *, signed: bytes) -> None:
        """Complete a published checkpoint that lacks cosignatures; begin anew from `signed`, the
        log's own note, if one of them is damaged.
        """
        published = log.note()
        if self._witnesses is None or published is None:
            return
        try:
            enough = self._witnesses.is_enough(published)
        except LogError:
            enough, published = False, signed
        if enough and workspace in self._compared:
            self._below_quorum.pop(workspace, None)
            return
        cosigned = await self._cosigned(workspace, log, published)
        if cosigned != log.note():
            await asyncio.to_thread(_replace_checkpoint, log, cosigned)

    async def _cosigned(self, workspace: UUID, log: PublishedLog, note: bytes) -> bytes:
        """The note with the cosignatures that came in time; its tiles are durable already.

        Each log is compared once with every witness, whoever has cosigned it: the published files
        may have been restored from an older backup together with the database.
        """
        if self._witnesses is None:
            return note
        head = unsafe_read_checkpoint(note)
        async with self._db.transaction(workspace) as tx:
            identity = await get_log(tx, workspace)
        try:
            cosigned = await self._witnesses.cosign(
                note,
                lambda: TileTree(size=head.size, root=head.root, read=log.read),
                log=parse_vkey(identity.vkey),
                everybody=workspace not in self._compared,
            )
        except LogForked as error:
            # The head may have moved on since it was read, under another leader.
            async with self._db.transaction(workspace) as tx:
                if await read_size(tx, workspace) == head.size:
                    self._forked[workspace] = error
            raise
        self._compared.add(workspace)
        self._forked.pop(workspace, None)
        if self._witnesses.is_enough(cosigned):
            self._below_quorum.pop(workspace, None)
        else:
            self._below_quorum[workspace] = head.origin
        return cosigned

    def check_not_forked(self, workspace: UUID) -> None:
        """Refuse a log of which a witness has shown another history, signed by the log's key.

        Raises:
            LogForked: signing on would make the fork greater.
        """
        if (error := self._forked.get(workspace)) is not None:
            raise LogForked(error.detail)

    def check_not_behind(self, workspace: UUID, size: int) -> None:
        """Refuse a database that is older than what was published.

        Raises:
            LogForked: signing on would make two trees of one size.
            LogUnavailable: the published checkpoint is damaged.
        """
        head = self.log(workspace).head()
        if head is not None and head.size > size:
            raise LogForked(
                f"The published log of workspace {workspace} has {head.size} entries, the database"
                f" {size}: it was restored from an older backup. Recover the tail before serving."
            )


def _damaged(error: Exception) -> LogUnavailable:
    return LogUnavailable(
        f"The published files of the log are damaged ({error}); run evenhand doctor."
    )


def _grow(
    log: PublishedLog, old_size: int, new_size: int, entries: list[bytes], root: bytes | None
) -> None:
    files = extend_tiles(
        old_size=old_size, new_size=new_size, entries=entries, read=log.read, old_root=root
    )
    _write_durably(log.folder, files)


def _finish(log: PublishedLog, size: int, note: bytes) -> None:
    log.folder.mkdir(parents=True, exist_ok=True)
    _replace_checkpoint(log, note)
    _drop_outgrown(log.folder, size)


def _replace_checkpoint(log: PublishedLog, note: bytes) -> None:
    """Publish a checkpoint, unless another leader has published a greater one meanwhile."""
    head = log.head()
    if head is not None and head.size > unsafe_read_checkpoint(note).size:
        return
    _replace(log.folder / "checkpoint", note)
    _sync_folder(log.folder)


def _write_durably(folder: Path, files: Iterable[TileFile]) -> None:
    folders: set[Path] = set()
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, file.data)
        folders.update((path.parent, path.parent.parent))
    for touched in folders:
        _sync_folder(touched)


def _replace(path: Path, data: bytes) -> None:
    fresh = path.with_name(path.name + ".new")
    with fresh.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(path)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _drop_outgrown(folder: Path, size: int) -> None:
    """Remove partial tiles whose full tile the published tree has (tlog-tiles allows it)."""
    for kept in folder.glob("tile/**/*.p"):
        full = kept.with_suffix("")
        if full.exists() and size >= TILE_WIDTH:
            shutil.rmtree(kept)
