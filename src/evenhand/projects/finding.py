"""A project for the hot path: kept in the process, read once under the caller's own credential."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evenhand.identity import admitted

from .actions import ProjectCache, get_project

if TYPE_CHECKING:
    from uuid import UUID

    from fastapi import Request

    from .model import Project

__all__ = ["find_project"]


async def find_project(request: Request, workspace: UUID, project: UUID) -> Project:
    """The project. A kept one tells nothing to who has no credential: the SQL function that
    follows authenticates; a new one is read inside an authenticated transaction.

    Raises:
        NotFound, Unauthenticated, Forbidden.
    """
    cache: ProjectCache = request.app.state.projects
    kept = cache.find(workspace, project)
    if kept is None:
        async with admitted(request) as (tx, actor):
            kept = await get_project(tx, actor.workspace_id, project)
        cache.keep(workspace, kept)
    return kept
