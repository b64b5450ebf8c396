"""Counting rules: pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from evenhand.platform.errors import Invalid
from evenhand.platform.paging import parse_cursor

from .model import STATES, BatchProgress, Hour, ItemFilter, OneFilter, Snapshot, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "batch_states",
    "check_filter",
    "first_id_at",
    "judged_ids",
    "merge_hours",
    "next_due_s",
    "parse_offset",
    "parse_place",
    "render_offset",
    "render_place",
    "sum_up",
]

_REST_BITS = 80
_EVERY_S_MIN = 2.0
_SHARE_MAX = 0.05
_OFFSET_MAX = 10**11
_ID_AHEAD = timedelta(minutes=5)
_FIRST_AT, _LAST_AT = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def first_id_at(at: datetime) -> UUID:
    """The smallest UUIDv7 of that millisecond (RFC 9562 section 5.7): a bound, not an id."""
    return UUID(int=int(at.timestamp() * 1000) << _REST_BITS)


def batch_states(total: int, undone: Mapping[State, int]) -> dict[State, int]:
    """A batch's tasks by state: what is in no other state is done. The parts are counted a moment
    after the total, of which tasks only move, so a difference below zero is cut off.
    """
    counts: dict[State, int] = {state: undone.get(state, 0) for state in STATES}
    counts["done"] = max(0, total - sum(undone.values()))
    return counts


def sum_up(batches: Sequence[BatchProgress], hours: Sequence[Hour]) -> Snapshot:
    """A project's snapshot: the sum over its batches, gold left out."""
    tasks: dict[State, int] = dict.fromkeys(STATES, 0)
    for batch in batches:
        if batch.purpose == "label":
            for state in STATES:
                tasks[state] += batch.tasks[state]
    return Snapshot(tasks, tuple(batches), tuple(hours))


def merge_hours(kept: Sequence[Hour], fresh: Sequence[Hour], *, since: datetime) -> list[Hour]:
    """Hours before `since` as they were kept, the rest as they were just counted."""
    return [hour for hour in kept if hour.at < since] + list(fresh)


def next_due_s(*, now_s: float, took_s: float) -> float:
    """When to count again: after two seconds, or later so that counting takes at most a twentieth
    of the time.
    """
    return now_s + max(_EVERY_S_MIN, took_s / _SHARE_MAX)


def check_filter(wanted: ItemFilter) -> None:
    """Refuse what no single index answers: one condition, or two that are walked together.

    Raises:
        OneFilter: two conditions that are not walked together.
        Invalid: `below` is no share, or `since` and `until` are no stretch of time.
    """
    named = [
        name
        for name in ("batch", "purpose", "state", "annotator", "below", "since")
        if getattr(wanted, name) is not None
    ]
    aside = wanted.state in {"skipped", "flagged"}
    together = named in (
        ["batch", "purpose"],
        ["annotator", "below"],
        ["purpose", "annotator"] if wanted.purpose == "gold" else [],
        ["state", "annotator"] if aside else [],
        ["batch", "state"] if wanted.state in {"open", "done"} else [],
    )
    if len(named) > 1 and not together:
        raise OneFilter(f"Filter items by one condition at a time, not by {' and '.join(named)}.")
    if wanted.below is not None and not 0 < wanted.below <= 1:
        raise Invalid("below is a share above 0 and at most 1.", code="request_refused")
    since, until = wanted.since or wanted.until, wanted.until or wanted.since
    if since is None or until is None:
        return
    if not _FIRST_AT <= since < until <= _LAST_AT:
        raise Invalid("since and until are two instants, in this order.", code="request_refused")


def judged_ids(since: datetime, until: datetime) -> tuple[UUID, UUID]:
    """Bounds of the ids of judgments submitted in a stretch of time: an id is made a moment before
    its row is committed, and not by the database's clock.
    """
    return first_id_at(since - _ID_AHEAD), first_id_at(until + _ID_AHEAD)


def render_place(agreed_prob: float, item: UUID) -> str:
    """The cursor of a list that is sorted by agreement."""
    return f"{agreed_prob.hex()}~{item.hex}"


def parse_offset(cursor: str | None) -> int:
    """How many entries lie before the page, of a list whose pieces are found by number.

    Raises:
        Invalid: not a cursor that we gave.
    """
    return min(parse_cursor(cursor).int, _OFFSET_MAX)


def render_offset(count: int) -> str:
    """The cursor of a page with `count` entries before it."""
    return UUID(int=count).hex


def parse_place(cursor: str | None) -> tuple[float, UUID]:
    """The place after which the page begins.

    Raises:
        Invalid: not a cursor that we gave.
    """
    if cursor is None:
        return -1.0, UUID(int=0)
    share, _, item = cursor.partition("~")
    try:
        return float.fromhex(share), UUID(hex=item)
    except (ValueError, OverflowError) as error:
        raise Invalid("This is no cursor of ours; start without one.", code="no_cursor") from error
