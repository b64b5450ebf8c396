"""How far judges agree: percent agreement and Krippendorff's alpha, with intervals.

Sources: Krippendorff, Content Analysis (4th edition, 2018), chapter 12; Hayes and
Krippendorff, Answering the Call for a Standard Reliability Measure, Communication Methods
and Measures 1 (2007).

A task with m judgments has m (m - 1) ordered pairs of them, each weighing 1 / (m - 1), so
that every judgment counts once. With n judgments in tasks that have two or more:

    observed = (1 / n) sum over tasks of (1 / (m - 1)) sum over pairs of delta
    expected = 1 / (n (n - 1)) sum over all pairs of judgments of delta
    alpha    = 1 - observed / expected

delta is 0 for equal labels and 1 for others (nominal), or the squared distance of two
numbers: of the labels themselves (interval), or of their mid-ranks among all n judgments
(ordinal; the same as Krippendorff's sum of counts between the two ranks). Sums of squared
distances follow from sums and sums of squares, sum (x_i - x_j)^2 = 2 (m sum x^2 - (sum
x)^2), so nothing grows with the square of the number of classes or judgments.

Missing judgments are simply absent rows; tasks with fewer than two judgments say nothing
about agreement and are left out.

Interval: bootstrap over tasks, since judgments of one task belong together. Tasks with the
same counts are alike, so their multiplicities are drawn (multinomial) and not the tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from evenhand.quality.columns import Book, Column
from evenhand.quality.errors import QualityError
from evenhand.quality.judgments import Judgments, read_judgments
from evenhand.quality.results import Floats

Level = Literal["nominal", "ordinal", "interval"]
BOOTSTRAP: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementResult:
    """Coefficients of one set of judgments.

    ``percent`` is the mean over tasks of the share of pairs that agree, from 0 to 1.
    ``alpha`` is 1 for perfect agreement, 0 for that of chance, below 0 for less; None when
    only one label was used, since then chance explains everything. ``low`` and ``high``
    bound alpha, None without bootstrap or when no resample had an alpha.
    ``tasks`` and ``judgments`` count what could be compared, ``tasks_left_out`` the rest.
    """

    percent: float
    alpha: float | None
    low: float | None
    high: float | None
    level: Level
    tasks: int
    tasks_left_out: int
    judgments: int
    bootstrap: int
    confidence: float
    seed: int


def agreement(
    task: Column,
    worker: Column,
    label: Column,
    *,
    level: Level = "nominal",
    order: Sequence[str] | Sequence[int] | None = None,
    bootstrap: int = BOOTSTRAP,
    confidence: float = 0.95,
    seed: int = 0,
) -> AgreementResult:
    """Measure agreement of columns as ``aggregate`` takes them.

    ``order`` names the classes from low to high for the ordinal level; without it labels
    must be numbers there, as they must for the interval level. Raises QualityError: unfit
    columns, no task with two judgments, labels that are not numbers where they must be.
    """
    if bootstrap < 0 or not 0 < confidence < 1:
        message = "The bootstrap must not be negative and the confidence between 0 and 1."
        raise QualityError(message)
    judgments = read_judgments(task, worker, label, classes=order, classes_min=1)
    cells = _Cells.of(judgments)
    if not len(cells.sizes):
        message = "No task has two judgments, so there is nothing to compare."
        raise QualityError(message)
    values = None if level == "nominal" else _values(judgments.classes, level=level, order=order)
    everything = cells.copies.astype(np.float64)
    low, high = _interval(
        cells, values, level=level, samples=bootstrap, confidence=confidence, seed=seed
    )
    tasks = int(cells.copies.sum())
    return AgreementResult(
        percent=_percent(cells),
        alpha=_alpha(cells, everything, values, level=level),
        low=low,
        high=high,
        level=level,
        tasks=tasks,
        tasks_left_out=len(judgments.tasks) - tasks,
        judgments=int(cells.sizes @ cells.copies),
        bootstrap=bootstrap,
        confidence=confidence,
        seed=seed,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Counts of labels per kind of task; U kinds, C cells with a count above zero.

    Shapes: unit, label, count (C); sizes and copies (U): judgments in a task of that kind
    and number of tasks of that kind.
    """

    unit: NDArray[np.int64]
    label: NDArray[np.int64]
    count: Floats
    sizes: NDArray[np.int64]
    copies: NDArray[np.int64]
    classes: int

    @classmethod
    def of(cls, judgments: Judgments) -> _Cells:
        """Count, leave out single judgments, and put tasks with equal counts together."""
        classes = len(judgments.classes)
        key = judgments.task.astype(np.int64) * classes + judgments.label
        key.sort()
        starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        count = np.diff(np.concatenate([starts, [len(key)]]))
        unit, label = np.divmod(key[starts], classes)
        sizes = np.diff(judgments.starts)
        kept = sizes >= 2  # noqa: PLR2004
        place = np.cumsum(kept) - 1
        keep = kept[unit]
        unit, label, count = place[unit[keep]], label[keep], count[keep]
        sizes = sizes[kept]
        copies = np.ones(len(sizes), dtype=np.int64)
        if len(sizes) and (int(sizes.max()) + 1) ** classes <= np.iinfo(np.int64).max:
            # The counts of a task as digits of one number.
            digits = (int(sizes.max()) + 1) ** label
            code = np.zeros(len(sizes), dtype=np.int64)
            np.add.at(code, unit, count * digits)
            _, example, copies = np.unique(code, return_index=True, return_counts=True)
            place = np.full(len(sizes), -1)
            place[example] = np.arange(len(example))
            keep = place[unit] >= 0
            unit, label, count = place[unit[keep]], label[keep], count[keep]
            sizes = sizes[example]
        return cls(unit, label, count.astype(np.float64), sizes, copies, classes)

    def per_unit(self, weights: Floats) -> Floats:
        """Sum weights of cells (C) over each kind of task (U)."""
        return _sums(self.unit, weights, size=len(self.sizes))


def _sums(place: NDArray[np.int64], weights: Floats, *, size: int) -> Floats:
    return np.bincount(place, weights=weights, minlength=size).astype(np.float64, copy=False)


def _values(classes: Book, *, level: Level, order: Sequence[str] | Sequence[int] | None) -> Floats:
    """Numbers that stand for the classes, shape (K)."""
    if level == "ordinal" and order is not None:
        return np.arange(len(classes), dtype=np.float64)
    try:
        values = np.array([float(value) for value in classes.tolist()])
    except ValueError:
        values = np.array([np.nan])
    if not np.isfinite(values).all():
        message = f"The level {level} needs labels that are numbers, or an order of the classes."
        raise QualityError(message)
    return values


def _percent(cells: _Cells) -> float:
    pairs = cells.sizes * (cells.sizes - 1)
    agreeing = cells.per_unit(cells.count * (cells.count - 1))
    return float((agreeing / pairs) @ cells.copies / cells.copies.sum())


def _alpha(cells: _Cells, copies: Floats, values: Floats | None, *, level: Level) -> float | None:
    """Alpha where each kind of task (U) occurs so many times."""
    totals = _sums(cells.label, cells.count * copies[cells.unit], size=cells.classes)
    n = float(totals.sum())
    sizes = cells.sizes.astype(np.float64)
    if values is None:
        within = sizes**2 - cells.per_unit(cells.count**2)
        between = n**2 - float(totals @ totals)
    else:
        points = _midranks(totals, values) if level == "ordinal" else values
        # Centred, so that the difference of two large squares does not lose the digits.
        points = points - float(totals @ points) / n
        sums = cells.per_unit(cells.count * points[cells.label])
        squares = cells.per_unit(cells.count * points[cells.label] ** 2)
        within = 2 * (sizes * squares - sums**2)
        between = 2 * (n * float(totals @ points**2) - float(totals @ points) ** 2)
    if np.count_nonzero(totals) < 2:  # noqa: PLR2004
        return None
    observed = float(copies @ (within / (sizes - 1))) / n
    return 1.0 - observed / (between / (n * (n - 1)))


def _midranks(totals: Floats, values: Floats) -> Floats:
    """Mean rank of each class among all judgments when sorted by value, shape (K)."""
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values))
    sorted_totals = totals[order]
    ranks[order] = np.cumsum(sorted_totals) - sorted_totals / 2
    return ranks


def _interval(
    cells: _Cells,
    values: Floats | None,
    *,
    level: Level,
    samples: int,
    confidence: float,
    seed: int,
) -> tuple[float | None, float | None]:
    tasks = int(cells.copies.sum())
    rng = np.random.default_rng(seed)
    chances = cells.copies / tasks
    found: list[float] = []
    for _ in range(samples):
        drawn = rng.multinomial(tasks, chances).astype(np.float64)
        alpha = _alpha(cells, drawn, values, level=level)
        if alpha is not None:
            found.append(alpha)
    if not found:
        return None, None
    tail = (1.0 - confidence) / 2
    low, high = np.quantile(np.array(found), [tail, 1.0 - tail])
    return float(low), float(high)
