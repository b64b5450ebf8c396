"""Ask for an aggregation; run it in the background; find its results."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from evenhand.access import intend_system_bulk
from evenhand.items import list_item_ids, read_items
from evenhand.judgments import list_judgment_ids, read_judgments, settle_judgments
from evenhand.platform.errors import Invalid, NotFound
from evenhand.platform.jobs import publish
from evenhand.platform.paging import FIRST
from evenhand.platform.queries import load_queries
from evenhand.projects import get_project
from evenhand.quality import ENGINE_VERSION, QualityError, methods

from .model import Run, RunNotDone
from .rules import Aggregated, Judged, aggregate_judgments, agreed_share
from .standings import OUTCOMES, pack_items, standing_field

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import asyncpg

    from evenhand.access import Release
    from evenhand.platform.db import Database, Tx
    from evenhand.platform.jobs import Job
    from evenhand.projects import Project
    from evenhand.vault import Keyring, Sealer

    from .standings import Outcome

__all__ = [
    "ConsensusService",
    "get_done_run",
    "get_run",
    "list_result_items",
    "list_runs",
    "list_skills",
    "read_results",
    "read_sealed_ranking",
    "request_run",
]

_Q = load_queries(__package__ or "")
_CHUNK = 1000
_PIECES = 100


async def request_run(
    tx: Tx, workspace: UUID, project: UUID, *, method: str, by: UUID, made: UUID
) -> None:
    """Ask for an aggregation; the job is written in the same transaction.

    Raises:
        Invalid: no such method.
        NotFound: no such project.
    """
    if method not in methods():
        raise Invalid(
            f"There is no method {method!r}; there are {', '.join(methods())}.",
            code="no_such_method",
        )
    await get_project(tx, workspace, project)
    await tx.execute(_Q["insert_run"], workspace, made, project, method, ENGINE_VERSION, by)
    await publish(tx, workspace, "consensus.requested", made)


async def get_run(tx: Tx, workspace: UUID, run: UUID) -> Run:
    """The run.

    Raises:
        NotFound: unknown or another workspace's.
    """
    row = await tx.fetchrow(_Q["get_run"], workspace, run)
    if row is None:
        raise NotFound("There is no such aggregation.")
    return _run(row)


async def get_done_run(tx: Tx, workspace: UUID, run: UUID) -> Run:
    """The run, which must be done.

    Raises:
        RunNotDone: waiting, running or failed.
    """
    found = await get_run(tx, workspace, run)
    if found.state != "done":
        raise RunNotDone(f"The aggregation is {found.state}; wait until it is done.")
    return found


async def list_runs(
    tx: Tx, workspace: UUID, project: UUID, *, after: UUID, limit: int
) -> list[Run]:
    """Oldest first."""
    rows = await tx.fetch(_Q["list_runs"], workspace, project, after, limit)
    return [_run(row) for row in rows]


async def list_skills(tx: Tx, workspace: UUID, run: UUID) -> list[dict[str, object]]:
    """Annotators' skills of a run, best first."""
    return [
        {
            "annotator_id": str(row["annotator_id"]),
            "judgment_count": row["judgment_count"],
            "skill_prob": round(row["skill_prob"], 6),
        }
        for row in await tx.fetch(_Q["list_skills"], workspace, run)
    ]


async def list_result_items(
    tx: Tx, workspace: UUID, run: UUID, *, after: UUID, limit: int
) -> list[UUID]:
    """Items of a run's results, ascending."""
    rows = await tx.fetch(_Q["list_result_ids"], workspace, run, after, limit)
    return [row["item_id"] for row in rows]


async def read_results(
    tx: Tx, workspace: UUID, run: UUID, items: list[UUID]
) -> list[tuple[UUID, bytes]]:
    """Sealed results (field `consensus` of the item's id), by ascending item."""
    rows = await tx.fetch(_Q["read_results"], workspace, run, items)
    return [(row["item_id"], row["sealed"]) for row in rows]


async def read_sealed_ranking(tx: Tx, workspace: UUID, run: UUID) -> bytes | None:
    """The sealed ranking (field `ranking` of the run's id), if the project has one."""
    sealed: bytes | None = await tx.fetchval(_Q["get_ranking"], workspace, run)
    return sealed


class ConsensusService:
    """The background side: reads judgments in bulk, through the one door, and writes results."""

    def __init__(self, db: Database, keyring: Keyring, release: Release) -> None:
        self._db = db
        self._keyring = keyring
        self._release = release

    async def run(self, job: Job) -> None:
        """Handler of `consensus.requested`. Running it twice gives the same rows."""
        workspace = job.workspace
        async with self._db.transaction(workspace) as tx:
            run = await get_run(tx, workspace, job.subject_id)
            project = await get_project(tx, workspace, run.project_id)
            await tx.execute(_Q["mark_running"], workspace, run.id)
        try:
            judged = await self._open_judgments(workspace, run, project)
            sides = await self._open_sides(workspace, run, project)
            found = await asyncio.to_thread(
                aggregate_judgments,
                project.task_type,
                project.settings,
                judged,
                method=run.method,
                sides=sides,
            )
        except QualityError as error:
            # The engine's sentences speak of counts and columns, never of content.
            async with self._db.transaction(workspace) as tx:
                await tx.execute(_Q["mark_failed"], workspace, run.id, str(error))
                await job.finish(tx)
            return
        await self._store(workspace, run, project, found, job)

    async def _open_judgments(self, workspace: UUID, run: Run, project: Project) -> list[Judged]:
        ids = await self._all_ids(
            workspace,
            lambda tx, after: list_judgment_ids(
                tx, workspace, project.id, purpose="label", after=after, limit=_CHUNK
            ),
        )
        if not ids:
            raise QualityError("The project has no judgments yet.")
        async with self._db.transaction(workspace) as tx:
            ids = await settle_judgments(tx, workspace, project.id, ids)
            ticket = await intend_system_bulk(
                tx,
                workspace,
                by=run.requested_by,
                project=project.id,
                purpose="aggregate_answers",
                ids=[one.bytes for one in ids],
            )
        look = await self._release.log_bulk(ticket)
        judged: list[Judged] = []
        for start in range(0, len(ids), _CHUNK):
            async with self._db.transaction(workspace) as tx:
                rows = await read_judgments(tx, workspace, ids[start : start + _CHUNK])
            opened = await self._release.open_bulk(
                look, "answer", [(row.id, row.answer) for row in rows]
            )
            judged += [
                Judged(str(row.item_id), str(row.annotator_id), msgspec.json.decode(answer))
                for row, answer in zip(rows, opened, strict=True)
            ]
        return judged

    async def _open_sides(
        self, workspace: UUID, run: Run, project: Project
    ) -> dict[str, dict[str, str]]:
        """Names of the two sides of each item, from its meta: `{"left": …, "right": …}`."""
        ids = await self._all_ids(
            workspace,
            lambda tx, after: list_item_ids(
                tx, workspace, project.id, purpose="label", after=after, limit=_CHUNK
            ),
        )
        async with self._db.transaction(workspace) as tx:
            ticket = await intend_system_bulk(
                tx,
                workspace,
                by=run.requested_by,
                project=project.id,
                purpose="aggregate_names",
                ids=[one.bytes for one in ids],
            )
        look = await self._release.log_bulk(ticket)
        sides: dict[str, dict[str, str]] = {}
        for start in range(0, len(ids), _CHUNK):
            async with self._db.transaction(workspace) as tx:
                rows = await read_items(tx, workspace, ids[start : start + _CHUNK])
            with_meta = [(row.id, row.meta) for row in rows if row.meta is not None]
            opened = await self._release.open_bulk(look, "meta", with_meta)
            for (item, _), text in zip(with_meta, opened, strict=True):
                meta = msgspec.json.decode(text)["meta"]
                left, right = meta.get("left"), meta.get("right")
                if isinstance(left, str) and isinstance(right, str) and left != right:
                    sides[str(item)] = {"left": left, "right": right}
        return sides

    async def _all_ids(
        self, workspace: UUID, page: Callable[[Tx, UUID], Awaitable[list[UUID]]]
    ) -> list[UUID]:
        ids: list[UUID] = []
        after = FIRST
        while True:
            async with self._db.transaction(workspace) as tx:
                some = await page(tx, after)
            ids += some
            if len(some) < _CHUNK:
                return ids
            after = some[-1]

    async def _store(
        self, workspace: UUID, run: Run, project: Project, found: Aggregated, job: Job
    ) -> None:
        sealer = await self._keyring.sealer(workspace, project.id)
        rows = list(found.results.items())
        for start in range(0, len(rows), _CHUNK):
            some = rows[start : start + _CHUNK]
            shares = [agreed_share(result) for _, result in some]
            async with self._db.transaction(workspace) as tx:
                await tx.execute(
                    _Q["insert_results"],
                    workspace,
                    run.id,
                    [UUID(item) for item, _ in some],
                    [
                        sealer.seal(UUID(item), "consensus", msgspec.json.encode(result))
                        for item, result in some
                    ],
                    [total for total, _ in shares],
                    [share for _, share in shares],
                )
        await self._store_standings(workspace, run, found, sealer)
        ranking = None
        if found.ranking is not None:
            ranking = sealer.seal(run.id, "ranking", msgspec.json.encode(found.ranking))
        skills = list(found.skills.items())
        async with self._db.transaction(workspace) as tx:
            await tx.execute(
                _Q["insert_skills"],
                workspace,
                run.id,
                [UUID(annotator) for annotator, _ in skills],
                [count for _, (count, _) in skills],
                [skill for _, (_, skill) in skills],
                [found.agreed[annotator] for annotator, _ in skills],
            )
            await tx.execute(
                _Q["mark_done"],
                workspace,
                run.id,
                bytes.fromhex(found.input_hash.removeprefix("sha256:")),
                json.dumps(found.summary),
                ranking,
            )
            await job.finish(tx)

    async def _store_standings(
        self, workspace: UUID, run: Run, found: Aggregated, sealer: Sealer
    ) -> None:
        """Which items stand behind each place, sealed; a few pieces a transaction."""
        async with self._db.transaction(workspace) as tx:
            await tx.execute(_Q["forget_standings"], workspace, run.id)
        for rank, standing in enumerate(found.standings, start=1):
            pieces: list[tuple[Outcome, int, bytes]] = [
                (outcome, number, piece)
                for outcome in OUTCOMES
                for number, piece in enumerate(
                    pack_items([UUID(item) for item in standing.get(outcome, ())])
                )
            ]
            for start in range(0, len(pieces), _PIECES):
                some = pieces[start : start + _PIECES]
                async with self._db.transaction(workspace) as tx:
                    await tx.execute(
                        _Q["insert_standings"],
                        workspace,
                        run.id,
                        rank,
                        [outcome for outcome, _, _ in some],
                        [number for _, number, _ in some],
                        [
                            sealer.seal(run.id, standing_field(rank, outcome, number), piece)
                            for outcome, number, piece in some
                        ],
                    )


def _run(row: asyncpg.Record) -> Run:
    return Run(**{**row, "summary": json.loads(row["summary"])})
