"""Make and find projects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from evenhand.platform.errors import NotFound
from evenhand.platform.queries import load_queries

from .model import NewProject, Project

if TYPE_CHECKING:
    from uuid import UUID

    import asyncpg

    from evenhand.platform.db import Tx
    from evenhand.vault import Keyring

__all__ = [
    "ProjectCache",
    "create_project",
    "get_project",
    "get_sealed_instructions",
    "list_projects",
]

_Q = load_queries(__package__ or "")
_KEPT_MAX = 10_000


async def create_project(
    tx: Tx, keyring: Keyring, workspace: UUID, new: NewProject, *, made: UUID
) -> None:
    """Make the project with a key of its own; the instructions are sealed under it."""
    await keyring.create_project_key(tx, workspace, made)
    sealer = await keyring.new_sealer(tx, workspace, made)
    await tx.execute(
        _Q["insert_project"],
        workspace,
        made,
        new.name,
        new.task_type,
        json.dumps(dict(new.settings)),
        new.judgments_per_item,
        new.lease_ttl_s,
        sealer.seal(made, "instructions", new.instructions.encode("utf-8")),
    )


async def list_projects(tx: Tx, workspace: UUID, *, after: UUID, limit: int) -> list[Project]:
    """Oldest first."""
    return [_project(row) for row in await tx.fetch(_Q["list_projects"], workspace, after, limit)]


async def get_project(tx: Tx, workspace: UUID, project: UUID) -> Project:
    """The project.

    Raises:
        NotFound: unknown or another workspace's.
    """
    row = await tx.fetchrow(_Q["get_project"], workspace, project)
    if row is None:
        raise NotFound("There is no such project.")
    return _project(row)


async def get_sealed_instructions(tx: Tx, workspace: UUID, project: UUID) -> bytes:
    """The sealed instructions (field `instructions` of the project's own id)."""
    sealed: bytes | None = await tx.fetchval(_Q["get_instructions"], workspace, project)
    if sealed is None:
        raise NotFound("There is no such project.")
    return sealed


class ProjectCache:
    """Projects by id, for the hot path. A project's settings never change after it was made."""

    def __init__(self) -> None:
        self._kept: dict[tuple[UUID, UUID], Project] = {}

    def find(self, workspace: UUID, project: UUID) -> Project | None:
        """The kept project, if any. The key holds the workspace, so no tenant sees another's."""
        return self._kept.get((workspace, project))

    def keep(self, workspace: UUID, project: Project) -> None:
        """Keep a project that was read under its workspace's token."""
        if len(self._kept) >= _KEPT_MAX:
            self._kept.clear()
        self._kept[workspace, project.id] = project


def _project(row: asyncpg.Record) -> Project:
    return Project(**{**row, "settings": json.loads(row["settings"])})
