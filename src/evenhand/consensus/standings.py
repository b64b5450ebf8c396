"""Which items stand behind a place of the leaderboard: sealed lists, a thousand ids a piece.

A piece is 16 bytes an id, ascending over the pieces, and filled up with zeros to a power of two, so
that its length tells only roughly how often somebody won. Pure, but for the two that read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args
from uuid import UUID

from evenhand.platform.queries import load_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evenhand.platform.db import Tx

__all__ = [
    "OUTCOMES",
    "PIECE_COUNT",
    "Outcome",
    "pack_items",
    "read_standing",
    "standing_field",
    "unpack_items",
]

Outcome = Literal["any", "won", "lost", "tied"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
PIECE_COUNT: Final = 1000
_ID_BYTES = 16
_COUNT_MIN = 16
_Q = load_queries(__package__ or "")


def standing_field(rank: int, outcome: Outcome, piece: int) -> str:
    """The sealed field's name, under the run's id: a piece opens in its own place only."""
    return f"standing.{rank}.{outcome}.{piece}"


def pack_items(items: Sequence[UUID]) -> list[bytes]:
    """The pieces of an ascending list of ids; none for an empty list."""
    pieces: list[bytes] = []
    for start in range(0, len(items), PIECE_COUNT):
        some = items[start : start + PIECE_COUNT]
        filled = max(_COUNT_MIN, 1 << (len(some) - 1).bit_length())
        pieces.append(b"".join(one.bytes for one in some).ljust(filled * _ID_BYTES, b"\0"))
    return pieces


def unpack_items(piece: bytes) -> list[UUID]:
    """The ids of a piece, without what it was filled up with."""
    ids = (piece[at : at + _ID_BYTES] for at in range(0, len(piece), _ID_BYTES))
    return [UUID(bytes=one) for one in ids if any(one)]


async def read_standing(
    tx: Tx, workspace: UUID, run: UUID, *, rank: int, outcome: Outcome, pieces: Sequence[int]
) -> list[tuple[int, bytes]]:
    """Number and sealed bytes of those `pieces` that there are, ascending."""
    rows = await tx.fetch(_Q["read_standing"], workspace, run, rank, outcome, list(pieces))
    return [(row["piece"], row["sealed"]) for row in rows]
