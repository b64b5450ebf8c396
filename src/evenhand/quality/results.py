"""What an aggregation gives back, and the one rule by which it decides ties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from evenhand.quality.columns import Book, Codes
from evenhand.quality.judgments import ENGINE_VERSION, Judgments

Floats = NDArray[np.float64]
TieRule = Literal["drawn", "first"]

# Posteriors closer than this are equal: the difference is rounding, not evidence.
_TIE_MARGIN: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Fit:
    """What a method finds: posteriors (T, K), confusions (W, K, K) or None, skills (W)."""

    posteriors: Floats
    confusions: Floats | None
    skills: Floats
    iterations: int
    converged: bool
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AggregateResult:
    """Consensus labels with all that is needed to repeat and to check them.

    Shapes: T tasks, W workers, K classes.

    * ``labels`` (T): the chosen class of each task, as it stands in ``classes``;
      ``label_codes`` (T): its index.
    * ``posteriors`` (T, K): rows sum to 1. They rank tasks well but are over-confident
      for all methods of the Dawid-Skene family.
    * ``confusions`` (W, K, K): ``[w, k, l]`` is the probability that worker w says l
      where k is true; None when the table would have more than 2**27 cells.
    * ``skills`` (W): the probability that the worker is right on a task drawn at random.
    * ``iterations``: rounds of EM, over all models of a mean; 0 for counting methods.
    * ``tasks``, ``workers``, ``classes``: the books; sorted, or as given by the caller.
    * ``input_hash``: SHA-256 of books and sorted judgments; the rows' order does not matter.

    Ties are classes whose posteriors lie within 1e-9 of the best. The rule "drawn" draws
    one with the seed, independently for each task, so that no class gains from its name;
    the rule "first" takes the first in ``classes``. Which one was used is in
    ``parameters["ties"]``.

    All arrays are read-only.
    """

    labels: Book
    label_codes: Codes
    posteriors: Floats
    confusions: Floats | None
    skills: Floats
    iterations: int
    converged: bool
    method: str
    tasks: Book
    workers: Book
    classes: Book
    version: str
    parameters: Mapping[str, object]
    input_hash: str

    @property
    def confidences(self) -> Floats:
        """The posterior of the chosen class, shape (T)."""
        return self.posteriors[np.arange(len(self.tasks)), self.label_codes]


def make_result(
    judgments: Judgments, fit: Fit, *, method: str, ties: TieRule, seed: int
) -> AggregateResult:
    """Choose the labels and put the result together."""
    codes = choose_labels(fit.posteriors, ties=ties, seed=seed)
    labels = judgments.classes[codes]
    books = (judgments.tasks, judgments.workers, judgments.classes)
    for array in (codes, labels, fit.posteriors, fit.confusions, fit.skills, *books):
        if array is not None:
            array.flags.writeable = False
    return AggregateResult(
        labels=labels,
        label_codes=codes,
        posteriors=fit.posteriors,
        confusions=fit.confusions,
        skills=fit.skills,
        iterations=fit.iterations,
        converged=fit.converged,
        method=method,
        tasks=judgments.tasks,
        workers=judgments.workers,
        classes=judgments.classes,
        version=ENGINE_VERSION,
        parameters=MappingProxyType({**fit.parameters, "ties": ties, "seed": seed}),
        input_hash=judgments.input_hash,
    )


def choose_labels(posteriors: Floats, *, ties: TieRule, seed: int) -> Codes:
    """Return the most probable class of each row (T)."""
    best = posteriors.max(axis=1, keepdims=True)
    tied = posteriors >= best - _TIE_MARGIN
    codes = tied.argmax(axis=1).astype(np.int32)
    if ties == "drawn":
        rows = np.flatnonzero(np.count_nonzero(tied, axis=1) > 1)
        lots = np.random.default_rng(seed).random((len(rows), posteriors.shape[1]))
        lots[~tied[rows]] = -1.0
        codes[rows] = lots.argmax(axis=1)
    return codes
