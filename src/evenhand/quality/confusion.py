"""Steps that the methods share: vote shares, confusion tables, posteriors from logarithms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenhand.quality.errors import QualityError
from evenhand.quality.judgments import CELLS_MAX, Judgments
from evenhand.quality.results import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionPrior:
    """Pseudo-counts added to each worker's confusion table and to the class counts.

    They are the parameters minus one of Dirichlet distributions, so that adding them
    gives the mode of the posterior (MAP).
    """

    right: float
    wrong: float
    class_count: float


def vote_shares(judgments: Judgments) -> Floats:
    """Share of each class among a task's judgments, shape (T, K)."""
    tasks, classes = len(judgments.tasks), len(judgments.classes)
    require_room(tasks * classes, what=f"{tasks} tasks and {classes} classes")
    cells = judgments.task.astype(np.int64) * classes + judgments.label
    votes = np.bincount(cells, minlength=tasks * classes).reshape(tasks, classes)
    return votes / votes.sum(axis=1, keepdims=True)


def require_room(cells: int, *, what: str) -> None:
    """Raise QualityError when a table would not fit."""
    if cells > CELLS_MAX:
        message = (
            f"A table for {what} would need {cells * 8 / 2**30:.1f} GiB; at most"
            f" {CELLS_MAX * 8 / 2**30:.0f} GiB is allowed. Use fewer classes or the method"
            " one_coin."
        )
        raise QualityError(message)


def has_room_for_confusions(judgments: Judgments) -> bool:
    """Tell whether a (W, K, K) table fits."""
    return len(judgments.workers) * len(judgments.classes) ** 2 <= CELLS_MAX


def count_confusions(judgments: Judgments, posteriors: Floats) -> Floats:
    """Expected counts, shape (K, W * K): row k holds (worker, label) where class k is true."""
    classes = len(judgments.classes)
    cells = len(judgments.workers) * classes
    worker_label = judgments.worker_label
    counts = np.zeros((classes, cells))
    for block in judgments.blocks(cells=cells):
        rows = worker_label[block.start : block.stop]
        tasks = judgments.task[block.start : block.stop]
        for truth in range(classes):
            weights = posteriors[:, truth][tasks]
            counts[truth] += np.bincount(rows, weights=weights, minlength=cells)
    return counts


def estimate_confusions(counts: Floats, *, workers: int, prior: ConfusionPrior) -> Floats:
    """MAP confusion tables, shape (K, W, K): [truth, worker, label], sums to 1 over labels.

    Source: Dawid and Skene (1979), equation 2.3, with pseudo-counts.
    """
    classes = counts.shape[0]
    tables = counts.reshape(classes, workers, classes) + prior.wrong
    # A writable view of the diagonal, shape (K, W).
    np.einsum("kwk->kw", tables)[...] += prior.right - prior.wrong
    tables /= tables.sum(axis=2, keepdims=True)
    return tables


def estimate_class_shares(posteriors: Floats, *, prior: ConfusionPrior) -> Floats:
    """MAP share of each class, shape (K). Source: Dawid and Skene (1979), equation 2.4."""
    totals = posteriors.sum(axis=0) + prior.class_count
    return totals / totals.sum()


def confusions_given(
    judgments: Judgments, posteriors: Floats, *, prior: ConfusionPrior
) -> Floats | None:
    """Confusion tables (W, K, K) that fit given posteriors, or None without room for them."""
    if not has_room_for_confusions(judgments):
        return None
    counts = count_confusions(judgments, posteriors)
    tables = estimate_confusions(counts, workers=len(judgments.workers), prior=prior)
    return np.ascontiguousarray(tables.transpose(1, 0, 2))


def normalise(scores: Floats) -> float:
    """Turn log scores (T, K) into posteriors in place; return the sum of the log norms.

    The largest score of a row is taken out first, so that nothing overflows and at
    least one term is 1.
    """
    top = scores.max(axis=1, keepdims=True)
    scores -= top
    np.exp(scores, out=scores)
    norms = scores.sum(axis=1, keepdims=True)
    scores /= norms
    return float(top.sum() + np.log(norms).sum())
