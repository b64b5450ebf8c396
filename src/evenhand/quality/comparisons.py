"""The table of pairwise comparisons that ranking methods read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.quality.columns import Book, Codes, Column, encode, encode_with_book
from evenhand.quality.errors import QualityError
from evenhand.quality.judgments import hash_table, sort_rows

Counts = NDArray[np.int64]
_WINNERS = ("left", "right", "tie")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Comparisons:
    """P distinct pairs of I items, first < second, with counts of each outcome (P)."""

    first: Codes
    second: Codes
    first_wins: Counts
    second_wins: Counts
    draws: Counts
    items: Book
    input_hash: str

    def tally(self) -> tuple[Counts, Counts, Counts]:
        """Wins, losses and ties of each item, shape (I)."""
        n = len(self.items)
        up = _spread(self.first, self.first_wins, n) + _spread(self.second, self.second_wins, n)
        down = _spread(self.first, self.second_wins, n) + _spread(self.second, self.first_wins, n)
        level = _spread(self.first, self.draws, n) + _spread(self.second, self.draws, n)
        return up, down, level

    def count_groups(self) -> int:
        """Count the connected parts: each item takes the least number of its neighbours."""
        part = np.arange(len(self.items))
        while True:
            least = part.copy()
            np.minimum.at(least, self.first, part[self.second])
            np.minimum.at(least, self.second, part[self.first])
            # Follow the number on to its own, which halves the way at each round.
            least = least[least]
            if np.array_equal(least, part):
                return len(np.unique(part))
            part = least


def read_comparisons(left: Column, right: Column, winner: Sequence[str]) -> Comparisons:
    """Encode and count. Raises QualityError for unequal columns, an item against itself, …."""
    outcome, _ = encode_with_book(winner, book=_WINNERS, name="winner")
    left_codes, left_book = encode(left, name="left")
    right_codes, right_book = encode(right, name="right")
    if not len(left_codes) == len(right_codes) == len(outcome):
        sizes = f"{len(left_codes)}, {len(right_codes)} and {len(outcome)}"
        message = f"The columns left, right and winner differ in length: {sizes} rows."
        raise QualityError(message)
    if left_book.dtype != right_book.dtype:
        message = "The columns left and right must both hold strings or both hold integers."
        raise QualityError(message)
    both, items = encode(np.concatenate([left_book, right_book]), name="items")
    lefts = both[: len(left_book)][left_codes]
    rights = both[len(left_book) :][right_codes]
    itself = np.flatnonzero(lefts == rights)
    if len(itself):
        message = (
            f"Row {int(itself[0]) + 1} compares {items.tolist()[lefts[itself[0]]]!r} to itself."
        )
        raise QualityError(message)
    lefts, rights, outcome = sort_rows(
        lefts, rights, outcome, shape=(len(items), len(items), len(_WINNERS))
    )
    pair = np.minimum(lefts, rights).astype(np.int64) * len(items) + np.maximum(lefts, rights)
    pairs, row = np.unique(pair, return_inverse=True)
    # 0: the smaller code won, 1: the larger one, 2: tie.
    result = np.where((outcome < 2) & (lefts > rights), 1 - outcome, outcome)  # noqa: PLR2004
    counts = np.bincount(row * 3 + result, minlength=3 * len(pairs)).reshape(-1, 3)
    first, second = np.divmod(pairs, len(items))
    return Comparisons(
        first=first.astype(np.int32),
        second=second.astype(np.int32),
        first_wins=counts[:, 0],
        second_wins=counts[:, 1],
        draws=counts[:, 2],
        items=items,
        input_hash=hash_table(books=(items,), columns=(lefts, rights, outcome)),
    )


def _spread(place: Codes, counts: Counts, size: int) -> Counts:
    return np.bincount(place, weights=counts, minlength=size).astype(np.int64)
