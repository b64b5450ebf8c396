"""Asks the database: a project's snapshot, its annotators, its items without their content."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from evenhand.platform.errors import NotFound
from evenhand.platform.paging import FIRST, page_of, parse_cursor
from evenhand.platform.queries import load_queries

from .model import BatchProgress, Hour, ItemFilter, LatestRun, Snapshot, State
from .rules import (
    batch_states,
    first_id_at,
    judged_ids,
    merge_hours,
    parse_place,
    render_place,
    sum_up,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from evenhand.platform.db import Tx

__all__ = [
    "Counter",
    "describe_item",
    "describe_items",
    "list_annotators",
    "list_items",
    "read_latest_run",
]

_Q = load_queries(__package__ or "")
_BATCHES_MAX = 200
_HOURS_BACK = timedelta(days=14)
# An hour is kept as final when it has been over for a while: a judgment's id is made a moment
# before its row is committed.
_SETTLED = timedelta(minutes=5)
_RECOUNT = timedelta(minutes=15)


class Counter:
    """Counts one project again and again; keeps what cannot change any more."""

    def __init__(self, workspace: UUID, project: UUID) -> None:
        self.workspace = workspace
        self.project = project
        self._totals: dict[UUID, int] = {}
        self._hours: list[Hour] = []
        self._since: datetime | None = None
        self._recount_at: datetime | None = None

    async def count(self, tx: Tx, now: datetime) -> Snapshot:
        """The project's progress. Three statements, and one a batch that is seen first."""
        rows = await tx.fetch(_Q["list_open_batches"], self.workspace, self.project, _BATCHES_MAX)
        for row in rows:
            if row["id"] not in self._totals:
                self._totals[row["id"]] = await tx.fetchval(
                    _Q["count_batch_tasks"], self.workspace, row["id"]
                )
        ids = [row["id"] for row in rows]
        undone: dict[UUID, dict[State, int]] = {}
        for row in await tx.fetch(_Q["count_undone"], self.workspace, self.project, ids):
            states = undone.setdefault(row["batch_id"], {})
            states[row["state"]] = states.get(row["state"], 0) + row["task_count"]
        batches = [
            BatchProgress(
                row["id"],
                row["name"],
                row["purpose"],
                row["item_count"],
                batch_states(self._totals[row["id"]], undone.get(row["id"], {})),
            )
            for row in rows
        ]
        return sum_up(batches, await self._count_hours(tx, now))

    async def _count_hours(self, tx: Tx, now: datetime) -> list[Hour]:
        oldest = (now - _HOURS_BACK).replace(minute=0, second=0, microsecond=0)
        # Withdrawn judgments leave their hours: now and then all of them are counted again.
        if self._since is None or self._recount_at is None or now >= self._recount_at:
            self._since, self._recount_at = oldest, now + _RECOUNT
        since = self._since
        rows = await tx.fetch(_Q["count_by_hour"], self.workspace, self.project, first_id_at(since))
        fresh = [
            Hour(row["hour_at"], row["judgment_count"], row["annotator_count"])
            for row in rows
            if row["hour_at"] >= since
        ]
        hours = merge_hours(self._hours, fresh, since=since)
        self._hours = [hour for hour in hours if hour.at >= oldest]
        self._since = max(since, (now - _SETTLED).replace(minute=0, second=0, microsecond=0))
        return self._hours


async def read_latest_run(tx: Tx, workspace: UUID, project: UUID) -> LatestRun | None:
    """The latest aggregation that is done; None when there is none."""
    row = await tx.fetchrow(_Q["latest_run"], workspace, project)
    if row is None:
        return None
    return LatestRun(**{**row, "summary": json.loads(row["summary"])})


async def list_annotators(
    tx: Tx, workspace: UUID, project: UUID, run: UUID | None, *, after: UUID, limit: int
) -> list[asyncpg.Record]:
    """Who worked on the project, by ascending member id."""
    return await tx.fetch(_Q["list_annotators"], workspace, project, run, after, limit)


async def list_items(
    tx: Tx,
    workspace: UUID,
    project: UUID,
    wanted: ItemFilter,
    *,
    run: UUID | None,
    cursor: str | None,
    limit: int,
) -> dict[str, object]:
    """A page of items without their content: two statements, whatever the filter."""
    if wanted.since is not None and wanted.until is not None:
        return await _list_judged_between(
            tx,
            workspace,
            project,
            (wanted.since, wanted.until),
            run=run,
            cursor=cursor,
            limit=limit,
        )
    if wanted.below is not None and wanted.annotator is None:
        place = parse_place(cursor)
        found = (
            await tx.fetch(
                _Q["items_agreed_below"], workspace, run, wanted.below, *place, limit + 1
            )
            if run is not None
            else []
        )
        shown = found[:limit]
        items = await describe_items(tx, workspace, [row["id"] for row in shown], run)
        last = shown[-1] if len(found) > limit else None
        return {
            "items": items,
            "next_cursor": None if last is None else render_place(last["agreed_prob"], last["id"]),
        }
    after = parse_cursor(cursor)
    ids = await _find(tx, workspace, project, wanted, run=run, after=after, most=limit + 1)
    described = await describe_items(tx, workspace, ids[:limit], run)
    page = page_of(ids, limit, render=str, id_of=lambda one: one)
    return {"items": described, "next_cursor": page["next_cursor"]}


async def _list_judged_between(
    tx: Tx,
    workspace: UUID,
    project: UUID,
    stretch: tuple[datetime, datetime],
    *,
    run: UUID | None,
    cursor: str | None,
    limit: int,
) -> dict[str, object]:
    """A page of items in the order in which they were judged; the cursor is a judgment's id."""
    rows = await tx.fetch(
        _Q["items_judged_between"],
        workspace,
        project,
        parse_cursor(cursor),
        *stretch,
        *judged_ids(*stretch),
        limit + 1,
    )
    described = await describe_items(tx, workspace, [row["id"] for row in rows[:limit]], run)
    page = page_of(rows, limit, render=str, id_of=lambda row: row["place"])
    return {"items": described, "next_cursor": page["next_cursor"]}


async def describe_item(
    tx: Tx, workspace: UUID, project: UUID, item: UUID, *, run: LatestRun | None
) -> dict[str, object]:
    """One item without its content.

    Raises:
        NotFound: unknown, of another project, or of an import that is not finished.
    """
    found = await describe_items(tx, workspace, [item], None if run is None else run.id)
    if not found or found[0]["project_id"] != str(project):
        raise NotFound("There is no such item in this project.")
    return found[0]


async def _find(
    tx: Tx,
    workspace: UUID,
    project: UUID,
    wanted: ItemFilter,
    *,
    run: UUID | None,
    after: UUID,
    most: int,
) -> list[UUID]:
    """Ids of one page and one more, by the index of the filter's condition."""
    both = (workspace, project, after)
    if wanted.state in {"skipped", "flagged"}:
        rows = await tx.fetch(_Q["items_set_aside"], *both, wanted.state, wanted.annotator, most)
    elif wanted.state == "leased":
        rows = await tx.fetch(_Q["items_in_hands"], *both, most)
    elif wanted.state is not None and wanted.batch is not None:
        rows = await tx.fetch(
            _Q["items_in_batch_in_state"], *both, wanted.batch, wanted.state, most
        )
    elif wanted.state is not None:
        rows = await tx.fetch(_Q["items_in_state"], *both, wanted.state, most)
    elif wanted.annotator is not None and wanted.below is not None:
        rows = await tx.fetch(
            _Q["items_judged_by_and_below"], *both, wanted.annotator, run, wanted.below, most
        )
    elif wanted.annotator is not None and wanted.purpose is not None:
        rows = await tx.fetch(_Q["items_scored"], *both, wanted.annotator, most)
    elif wanted.annotator is not None:
        rows = await tx.fetch(_Q["items_judged_by"], *both, wanted.annotator, most)
    else:
        rows = await tx.fetch(_Q["items_all"], *both, wanted.batch, wanted.purpose, most)
    return [row["id"] for row in rows]


async def describe_items(
    tx: Tx, workspace: UUID, ids: Sequence[UUID], run: UUID | None
) -> list[dict[str, object]]:
    """Items without their content, in the order of `ids`; what is not there is left out."""
    rows = await tx.fetch(_Q["describe_items"], workspace, list(ids), run or FIRST)
    by_id = {row["id"]: row for row in rows}
    return [
        {
            "id": str(row["id"]),
            "project_id": str(row["project_id"]),
            "batch": {"id": str(row["batch_id"]), "name": row["batch_name"]},
            "purpose": row["purpose"],
            "created_at": row["created_at"].isoformat(),
            "tasks": {
                state: row[f"{state}_count"]
                for state in ("open", "leased", "done", "skipped", "flagged")
            },
            "agreed_prob": row["agreed_prob"],
            "judgment_count": row["judgment_count"],
        }
        for row in (by_id[one] for one in ids if one in by_id)
    ]
