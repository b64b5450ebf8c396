"""The methods by name, and the functions that users call.

A new method is a new file with a ``fit_…`` function and one line in ``_METHODS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from evenhand.quality.columns import Column
from evenhand.quality.confusion import ConfusionPrior
from evenhand.quality.dawid_skene import ITERATIONS_MAX, PRIOR, TOLERANCE, fit_dawid_skene
from evenhand.quality.errors import QualityError
from evenhand.quality.judgments import Judgments, read_judgments
from evenhand.quality.majority import fit_majority
from evenhand.quality.mean_of_models import fit_default
from evenhand.quality.one_coin import fit_one_coin
from evenhand.quality.results import AggregateResult, Fit, TieRule, make_result

Classes = Sequence[str] | Sequence[int] | None


@dataclass(frozen=True, slots=True)
class _Method:
    """How to fit, and the tie rule where the caller names none."""

    fit: Callable[[Judgments], Fit]
    ties: TieRule


_METHODS: Final[Mapping[str, _Method]] = {
    "default": _Method(fit_default, "drawn"),
    # Published values of majority vote are stated with the first class winning ties.
    "majority": _Method(fit_majority, "first"),
    "one_coin": _Method(fit_one_coin, "drawn"),
    "dawid_skene": _Method(fit_dawid_skene, "drawn"),
}


def methods() -> tuple[str, ...]:
    """Return the names that ``aggregate`` takes."""
    return tuple(_METHODS)


def aggregate(
    task: Column,
    worker: Column,
    label: Column,
    *,
    method: str = "default",
    ties: TieRule | None = None,
    seed: int = 0,
    classes: Classes = None,
) -> AggregateResult:
    """Find one label per task out of the judgments of many workers.

    ``task``, ``worker`` and ``label`` are columns of equal length, one row per judgment:
    strings or non-negative integer codes. ``classes`` fixes the classes and their order,
    also those that nobody chose. ``ties`` says who wins among equals: "drawn" (with the
    seed; the default but for majority) or "first" (in the order of classes).

    The same input (in any order), method and seed give the same result to the last bit on
    one machine. Raises QualityError.
    """
    found = _METHODS.get(method)
    if found is None:
        message = f"There is no method {method!r}; there are {', '.join(_METHODS)}."
        raise QualityError(message)
    judgments = read_judgments(task, worker, label, classes=classes)
    return make_result(
        judgments, found.fit(judgments), method=method, ties=ties or found.ties, seed=seed
    )


def majority(
    task: Column,
    worker: Column,
    label: Column,
    *,
    ties: TieRule = "first",
    seed: int = 0,
    classes: Classes = None,
) -> AggregateResult:
    """Aggregate by majority vote (``majority.py``).

    With ``ties="first"``, the convention of the literature, the class that sorts first
    gains wherever the vote is split; pass "drawn" where that matters.
    """
    return aggregate(task, worker, label, method="majority", ties=ties, seed=seed, classes=classes)


def one_coin(
    task: Column,
    worker: Column,
    label: Column,
    *,
    iterations_max: int = ITERATIONS_MAX,
    tolerance: float = TOLERANCE,
    ties: TieRule = "drawn",
    seed: int = 0,
    classes: Classes = None,
) -> AggregateResult:
    """Aggregate with one skill per worker (``one_coin.py``)."""
    judgments = read_judgments(task, worker, label, classes=classes)
    fit = fit_one_coin(judgments, iterations_max=iterations_max, tolerance=tolerance)
    return make_result(judgments, fit, method="one_coin", ties=ties, seed=seed)


def dawid_skene(
    task: Column,
    worker: Column,
    label: Column,
    *,
    pseudo_right: float = PRIOR.right,
    pseudo_wrong: float = PRIOR.wrong,
    pseudo_class: float = PRIOR.class_count,
    iterations_max: int = ITERATIONS_MAX,
    tolerance: float = TOLERANCE,
    ties: TieRule = "drawn",
    seed: int = 0,
    classes: Classes = None,
) -> AggregateResult:
    """Aggregate with one confusion table per worker (``dawid_skene.py``).

    The pseudo-counts must be above zero; 1e-9 for each gives the original method.
    """
    if min(pseudo_right, pseudo_wrong, pseudo_class) <= 0:
        message = "The pseudo-counts must be above zero."
        raise QualityError(message)
    judgments = read_judgments(task, worker, label, classes=classes)
    prior = ConfusionPrior(right=pseudo_right, wrong=pseudo_wrong, class_count=pseudo_class)
    fit = fit_dawid_skene(
        judgments, prior=prior, iterations_max=iterations_max, tolerance=tolerance
    )
    return make_result(judgments, fit, method="dawid_skene", ties=ties, seed=seed)
