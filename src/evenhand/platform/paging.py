"""Cursor paging by id: opaque to the caller, exact to us."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from .errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["FIRST", "LIMIT_MAX", "page_of", "parse_cursor", "parse_limit"]

FIRST = UUID(int=0)
LIMIT_MAX = 500
T = TypeVar("T")


def parse_cursor(cursor: str | None) -> UUID:
    """The id after which the page begins.

    Raises:
        Invalid: not a cursor that we gave.
    """
    if cursor is None:
        return FIRST
    try:
        return UUID(hex=cursor)
    except ValueError as error:
        raise Invalid("This is no cursor of ours; start without one.", code="no_cursor") from error


def parse_limit(limit: int) -> int:
    """A page's length.

    Raises:
        Invalid: not from 1 to LIMIT_MAX.
    """
    if not 1 <= limit <= LIMIT_MAX:
        raise Invalid(f"limit lies between 1 and {LIMIT_MAX}.", code="no_limit")
    return limit


def page_of(
    rows: Sequence[T], limit: int, *, render: Callable[[T], object], id_of: Callable[[T], UUID]
) -> dict[str, object]:
    """A page from up to `limit + 1` rows: one more than asked tells that there is a next page."""
    shown = rows[:limit]
    more = len(rows) > limit
    return {
        "items": [render(row) for row in shown],
        "next_cursor": id_of(shown[-1]).hex if more else None,
    }
