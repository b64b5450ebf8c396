"""One coin: each worker is right with one probability, whatever the class.

Dawid-Skene with a single number per worker: right with probability q_w, else one of the
other K - 1 labels at random. Sources: Raykar et al., JMLR 11 (2010), as the symmetric
case; Zhang et al., Spectral Methods Meet EM, JMLR 17 (2016), section 2, "one-coin".
Needs far fewer judgments than full tables, and cannot see that classes are confused in
one direction only.

The M step adds pseudo-counts of 2 right and 1 wrong answers to each worker (the mode
under Beta(3, 2)) and 1 to each class. Class shares are estimated and not held equal:
with equal shares one of our sets of 2,040 tasks falls 2 points below majority in the
default method, with estimated ones none of those with 500 tasks or more does.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from evenhand.quality.confusion import has_room_for_confusions, normalise, vote_shares
from evenhand.quality.judgments import Judgments
from evenhand.quality.results import Fit, Floats

RIGHT: Final = 2.0
WRONG: Final = 1.0
CLASS_COUNT: Final = 1.0
ITERATIONS_MAX: Final = 200
TOLERANCE: Final = 1e-6


def fit_one_coin(
    judgments: Judgments,
    *,
    iterations_max: int = ITERATIONS_MAX,
    tolerance: float = TOLERANCE,
) -> Fit:
    """Run EM from the vote shares; ``tolerance`` is in nats per judgment."""
    classes = len(judgments.classes)
    posteriors = vote_shares(judgments)
    totals = np.bincount(judgments.worker, minlength=len(judgments.workers))
    cells = judgments.task.astype(np.int64) * classes + judgments.label
    before = -math.inf
    iterations = 0
    converged = False
    while True:
        agreed = np.bincount(
            judgments.worker, weights=posteriors.reshape(-1)[cells], minlength=len(totals)
        )
        skills = (agreed + RIGHT) / (totals + RIGHT + WRONG)
        shares = posteriors.sum(axis=0) + CLASS_COUNT
        shares /= shares.sum()
        if converged or iterations == iterations_max:
            break
        # Each judgment adds log(wrong) to all classes of its task, and the difference to its own.
        log_wrong = np.log((1 - skills) / (classes - 1))
        gain = np.log(skills) - log_wrong
        scores = np.bincount(cells, weights=gain[judgments.worker], minlength=posteriors.size)
        posteriors = scores.reshape(posteriors.shape) + np.log(shares)
        now = normalise(posteriors) + float(totals @ log_wrong)
        now += float((RIGHT * np.log(skills) + WRONG * np.log(1 - skills)).sum())
        now += CLASS_COUNT * float(np.log(shares).sum())
        converged = now - before <= tolerance * len(judgments.task)
        before = now
        iterations += 1
    return Fit(
        posteriors=posteriors,
        confusions=_tables(judgments, skills),
        skills=skills,
        iterations=iterations,
        converged=converged,
        parameters={
            "pseudo_right": RIGHT,
            "pseudo_wrong": WRONG,
            "pseudo_class": CLASS_COUNT,
            "iterations_max": iterations_max,
            "tolerance": tolerance,
        },
    )


def _tables(judgments: Judgments, skills: Floats) -> Floats | None:
    if not has_room_for_confusions(judgments):
        return None
    classes = len(judgments.classes)
    wrong = (1 - skills) / (classes - 1)
    tables = np.repeat(wrong, classes * classes).reshape(-1, classes, classes)
    diagonal = np.arange(classes)
    tables[:, diagonal, diagonal] = skills[:, None]
    return tables
