"""Bradley-Terry: scores of items from comparisons of two.

Source: Bradley and Terry, Rank Analysis of Incomplete Block Designs, Biometrika 39
(1952). Item i is preferred to j with probability 1 / (1 + exp(s_j - s_i)): scores are
natural log-odds, their mean is zero, a difference of 1 is a chance of 73 %.

A tie counts as half a win for each side.

Regularisation: the log likelihood is lessened by ``regularisation / 2`` times the sum of
squared scores, a normal prior with variance ``1 / regularisation``. The default 0.01
(standard deviation 10) hardly moves items with a few comparisons, yet keeps undefeated
items and unconnected groups finite. Their intervals are wide, since only the prior holds
them: that is the honest answer. The prior also fixes the mean of the scores at zero.

Newton's method on the table of distinct pairs, with halved steps where a full one would
not climb; the function is strictly concave, so the top is unique. Intervals: the inverse
of the negative Hessian H under the constraint that scores sum to zero, which is
``inverse(H + c J) - J / (n (r + c n))`` with J all ones, n items, r the regularisation, for
any c > 0 (H has the constant vector as eigenvector with value r); then a normal
approximation. It takes half a win for as uncertain as a win, so where many ties are it is
wider than need be. Or by bootstrap over comparisons: percentiles of refitted scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from evenhand.quality.columns import Book, Codes, Column
from evenhand.quality.comparisons import Comparisons, read_comparisons
from evenhand.quality.errors import QualityError
from evenhand.quality.judgments import ENGINE_VERSION
from evenhand.quality.results import Floats

REGULARISATION: Final = 0.01
# The Hessian is dense: 5,000 items need 200 MB for each of a few copies.
ITEMS_MAX: Final = 5_000
_ITERATIONS_MAX: Final = 100
# Newton converges quadratically: a step this small means that rounding is all that is left.
_STEP_MIN: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BradleyTerryResult:
    """Scores with intervals; I items, all arrays of shape (I) in the order of ``items``.

    ``scores``, ``low`` and ``high`` are natural log-odds against the average item.
    ``ties`` counts each tie once for both of its items. ``groups`` is the number of parts
    of the comparison graph that nothing connects: scores compare only within a part.
    """

    items: Book
    scores: Floats
    low: Floats
    high: Floats
    wins: NDArray[np.int64]
    losses: NDArray[np.int64]
    ties: NDArray[np.int64]
    groups: int
    iterations: int
    method: str
    version: str
    parameters: Mapping[str, object]
    input_hash: str


def bradley_terry(
    left: Column,
    right: Column,
    winner: Sequence[str],
    *,
    ties: Literal["half", "drop"] = "half",
    regularisation: float = REGULARISATION,
    confidence: float = 0.95,
    bootstrap: int = 0,
    seed: int = 0,
) -> BradleyTerryResult:
    """Score items; ``winner`` holds "left", "right" or "tie" for each comparison.

    ``left`` and ``right`` are columns of names or of integer codes of the same kind.
    With ``bootstrap`` above 0 the intervals come from so many resamples with the seed.
    Raises QualityError: empty or unequal columns, an item against itself, another
    winner, more than 5,000 items, parameters out of range.
    """
    if regularisation <= 0 or not 0 < confidence < 1 or bootstrap < 0:
        message = (
            "The regularisation must be above zero, the confidence between 0 and 1, and the"
            " number of bootstrap samples not negative."
        )
        raise QualityError(message)
    table = read_comparisons(left, right, winner)
    if len(table.items) > ITEMS_MAX:
        message = f"There are {len(table.items)} items; this method takes at most {ITEMS_MAX}."
        raise QualityError(message)
    tie_weight = 0.5 if ties == "half" else 0.0
    pairs = _Pairs.of(table, tie_weight=tie_weight, regularisation=regularisation)
    scores, iterations = _climb(pairs, start=np.zeros(len(table.items)))
    if bootstrap:
        low, high = _bootstrap_interval(
            table,
            pairs,
            scores,
            tie_weight=tie_weight,
            confidence=confidence,
            samples=bootstrap,
            seed=seed,
        )
    else:
        reach = NormalDist().inv_cdf(0.5 + confidence / 2) * _standard_errors(pairs, scores)
        low, high = scores - reach, scores + reach
    wins, losses, draws = table.tally()
    for array in (scores, low, high, wins, losses, draws, table.items):
        array.flags.writeable = False
    return BradleyTerryResult(
        items=table.items,
        scores=scores,
        low=low,
        high=high,
        wins=wins,
        losses=losses,
        ties=draws,
        groups=table.count_groups(),
        iterations=iterations,
        method="bradley-terry",
        version=ENGINE_VERSION,
        parameters=MappingProxyType(
            {
                "ties": ties,
                "regularisation": regularisation,
                "confidence": confidence,
                "bootstrap": bootstrap,
                "seed": seed,
            }
        ),
        input_hash=table.input_hash,
    )


def win_probability(score: Floats | float, *, against: Floats | float = 0.0) -> Floats:
    """Chance of being preferred to another score, by default to the average item."""
    return _logistic(np.asarray(score, dtype=np.float64) - against)


def _logistic(x: Floats) -> Floats:
    # tanh never overflows, unlike exp.
    return 0.5 * (1.0 + np.tanh(0.5 * x))


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Distinct pairs (P) with the wins of each side; ties are already shared out."""

    first: Codes
    second: Codes
    first_wins: Floats
    second_wins: Floats
    items: int
    regularisation: float

    @classmethod
    def of(cls, table: Comparisons, *, tie_weight: float, regularisation: float) -> _Pairs:
        shared = tie_weight * table.draws
        return cls(
            table.first,
            table.second,
            table.first_wins + shared,
            table.second_wins + shared,
            len(table.items),
            regularisation,
        )

    def value(self, scores: Floats) -> float:
        """Penalised log likelihood."""
        ahead = scores[self.first] - scores[self.second]
        likelihood = self.first_wins @ np.logaddexp(0.0, -ahead)
        likelihood += self.second_wins @ np.logaddexp(0.0, ahead)
        return -float(likelihood) - 0.5 * self.regularisation * float(scores @ scores)

    def gradient(self, scores: Floats) -> Floats:
        games = self.first_wins + self.second_wins
        chance = _logistic(scores[self.first] - scores[self.second])
        surplus = self.first_wins - games * chance
        return (
            np.bincount(self.first, weights=surplus, minlength=self.items)
            - np.bincount(self.second, weights=surplus, minlength=self.items)
            - self.regularisation * scores
        )

    def curvature(self, scores: Floats) -> Floats:
        """Negative Hessian, shape (I, I), positive definite."""
        chance = _logistic(scores[self.first] - scores[self.second])
        weight = (self.first_wins + self.second_wins) * chance * (1.0 - chance)
        matrix = np.zeros((self.items, self.items))
        matrix[self.first, self.second] = -weight
        matrix[self.second, self.first] = -weight
        diagonal = np.arange(self.items)
        matrix[diagonal, diagonal] = self.regularisation - matrix.sum(axis=1)
        return matrix


def _climb(pairs: _Pairs, *, start: Floats) -> tuple[Floats, int]:
    scores = start
    value = pairs.value(scores)
    for iteration in range(1, _ITERATIONS_MAX + 1):
        # The gradient sums to zero, so the shift leaves the step alone; it keeps the matrix
        # well-conditioned when the regularisation is tiny.
        matrix, _ = _shifted(pairs.curvature(scores))
        step = np.linalg.solve(matrix, pairs.gradient(scores))
        largest = float(np.abs(step).max())
        while largest > _STEP_MIN and pairs.value(scores + step) < value:
            step *= 0.5
            largest *= 0.5
        scores = scores + step
        scores -= scores.mean()
        value = pairs.value(scores)
        if largest <= _STEP_MIN:
            return scores, iteration
    message = f"The scores did not settle in {_ITERATIONS_MAX} steps; raise the regularisation."
    raise QualityError(message)


def _shifted(matrix: Floats) -> tuple[Floats, float]:
    """Add the same number to all cells, sized as the mean eigenvalue over the items."""
    shift = float(np.trace(matrix)) / len(matrix) ** 2
    return matrix + shift, shift


def _standard_errors(pairs: _Pairs, scores: Floats) -> Floats:
    """Square roots of the constrained inverse's diagonal (see above), shape (I)."""
    matrix, shift = _shifted(pairs.curvature(scores))
    inverse = np.linalg.inv(matrix)
    constant = 1.0 / (pairs.items * (pairs.regularisation + shift * pairs.items))
    return np.sqrt(np.diagonal(inverse) - constant)


def _bootstrap_interval(
    table: Comparisons,
    pairs: _Pairs,
    scores: Floats,
    *,
    tie_weight: float,
    confidence: float,
    samples: int,
    seed: int,
) -> tuple[Floats, Floats]:
    """Percentiles over resampled comparisons, each refitted from the full fit's scores."""
    counts = np.concatenate([table.first_wins, table.second_wins, table.draws])
    total = int(counts.sum())
    rng = np.random.default_rng(seed)
    draws = np.empty((samples, pairs.items))
    for sample in range(samples):
        drawn = rng.multinomial(total, counts / total).astype(np.float64)
        first_wins, second_wins, tied = np.split(drawn, 3)
        resampled = _Pairs(
            pairs.first,
            pairs.second,
            first_wins + tie_weight * tied,
            second_wins + tie_weight * tied,
            pairs.items,
            pairs.regularisation,
        )
        draws[sample], _ = _climb(resampled, start=scores)
    tail = (1.0 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1.0 - tail], axis=0)
    return low, high
