"""Background work: rows in the same PostgreSQL, claimed with SKIP LOCKED.

A job's row is written in the transaction of its cause and deleted in the transaction of its effect,
so the effect happens once. A claim is a visibility time-out that the runner extends while it works;
a killed runner's job is claimed again by another.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .db import DATABASE_FAULTS
from .errors import EvenhandError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from uuid import UUID

    from .db import Database, Tx

__all__ = ["Job", "JobRunner", "publish"]

_LOG = logging.getLogger(__name__)
_CLAIM_S = 60
_EXTEND_EVERY_S = 20.0
_IDLE_S = 0.25
_ATTEMPTS_MAX = 6

_PUBLISH = (
    "INSERT INTO platform.job (workspace_id, kind, subject_id, args) VALUES ($1, $2, $3, $4::jsonb)"
)
_CLAIM = """
UPDATE platform.job AS j
   SET run_at = now() + make_interval(secs => $2), attempts = attempts + 1
 WHERE j.workspace_id = $1 AND j.id = (
        SELECT due.id FROM platform.job AS due
         WHERE due.workspace_id = $1 AND due.state = 'ready' AND due.run_at <= now()
         ORDER BY due.run_at, due.id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING j.id, j.kind, j.subject_id, j.args, j.attempts
"""
_EXTEND = (
    "UPDATE platform.job SET run_at = now() + make_interval(secs => $3)"
    " WHERE workspace_id = $1 AND id = $2"
)
_FINISH = "DELETE FROM platform.job WHERE workspace_id = $1 AND id = $2"
_FAIL = """
UPDATE platform.job
   SET state = CASE WHEN attempts >= $4 THEN 'failed' ELSE 'ready' END,
       run_at = now() + make_interval(secs => 2 ^ least(attempts, 8)), last_error = $3
 WHERE workspace_id = $1 AND id = $2
"""
_DUE = "SELECT workspaces_with_due_jobs FROM platform.workspaces_with_due_jobs(100)"


async def publish(
    tx: Tx, workspace: UUID, kind: str, subject: UUID, args: Mapping[str, Any] | None = None
) -> None:
    """Write a job or a past-tense event in the transaction of its cause."""
    await tx.execute(_PUBLISH, workspace, kind, subject, json.dumps(dict(args or {})))


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. The handler calls `finish` in the transaction of its effect."""

    workspace: UUID
    id: int
    kind: str
    subject_id: UUID
    args: Mapping[str, Any]
    attempts: int

    async def finish(self, tx: Tx) -> None:
        """The effect and this deletion commit together."""
        await tx.execute(_FINISH, self.workspace, self.id)


class JobRunner:
    """Runs one job at a time; several runners share the work."""

    def __init__(
        self, db: Database, handlers: Mapping[str, Callable[[Job], Awaitable[None]]]
    ) -> None:
        self._db = db
        self._handlers = handlers

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                worked = await self.run_due()
            except DATABASE_FAULTS as error:
                _LOG.warning("jobs: %s; trying again", type(error).__name__)
                worked = 0
            if not worked:
                await asyncio.sleep(_IDLE_S)

    async def run_due(self) -> int:
        """Run one due job of each workspace that has one; gives how many ran."""
        worked = 0
        for row in await self._db.fetch(_DUE):
            job = await self._claim(row["workspaces_with_due_jobs"])
            if job is not None:
                await self._work(job)
                worked += 1
        return worked

    async def _claim(self, workspace: UUID) -> Job | None:
        async with self._db.transaction(workspace) as tx:
            row = await tx.fetchrow(_CLAIM, workspace, _CLAIM_S)
        if row is None:
            return None
        return Job(
            workspace=workspace,
            id=row["id"],
            kind=row["kind"],
            subject_id=row["subject_id"],
            args=json.loads(row["args"]),
            attempts=row["attempts"],
        )

    async def _work(self, job: Job) -> None:
        extending = asyncio.create_task(self._extend(job))
        try:
            await self._handlers[job.kind](job)
        except (EvenhandError, *DATABASE_FAULTS, ValueError, LookupError) as error:
            # By type only: an exception's text may hold content.
            _LOG.warning("job %s failed: %s", job.kind, type(error).__name__)
            async with self._db.transaction(job.workspace) as tx:
                await tx.execute(_FAIL, job.workspace, job.id, type(error).__name__, _ATTEMPTS_MAX)
        finally:
            extending.cancel()

    async def _extend(self, job: Job) -> None:
        while True:
            await asyncio.sleep(_EXTEND_EVERY_S)
            async with self._db.transaction(job.workspace) as tx:
                await tx.execute(_EXTEND, job.workspace, job.id, _CLAIM_S)
