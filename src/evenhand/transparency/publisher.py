"""Writes a log's files behind its signed head: bundles and tiles first, the checkpoint last.

What is durable when: every tile file is fsynced (with its folder) before the checkpoint file is
replaced, so a reader who sees a checkpoint can read all that it commits to, whatever is killed.
The files can be rebuilt from the database at will; deleting the folder does that.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from evenhand.platform.queries import load_queries
from evenhand.tlog import TILE_WIDTH, LogError, TileTree, extend_tiles, unsafe_read_checkpoint

from .model import LogForked, LogUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from evenhand.platform.db import Database
    from evenhand.tlog import Checkpoint, TileFile

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

    def __init__(self, db: Database, logs_dir: Path) -> None:
        self._db = db
        self._logs_dir = logs_dir

    def log(self, workspace: UUID) -> PublishedLog:
        """The folder of one workspace's log."""
        return PublishedLog(self._logs_dir / str(workspace))

    def workspaces(self) -> set[UUID]:
        """Workspaces that have published anything here."""
        try:
            return {UUID(entry.name) for entry in self._logs_dir.iterdir() if entry.is_dir()}
        except FileNotFoundError:
            return set()

    async def publish(self, workspace: UUID) -> int:
        """Write what is missing; gives the published size.

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
        await asyncio.to_thread(_finish, log, size, row["note"].encode("utf-8"))
        return size

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
    _replace(log.folder / "checkpoint", note)
    _sync_folder(log.folder)
    _drop_outgrown(log.folder, size)


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
