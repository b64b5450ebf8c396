"""Majority vote: the share of a class among a task's judgments is its posterior.

The baseline that every other method has to beat. Skill is the mean share of the label
that a worker gave, hence it counts the worker's own vote and is too high on tasks with
few judgments.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from evenhand.quality.confusion import ConfusionPrior, confusions_given, vote_shares
from evenhand.quality.judgments import Judgments
from evenhand.quality.results import Fit

# Only so that the table has no empty rows.
_PRIOR: Final = ConfusionPrior(right=1.0, wrong=0.1, class_count=1.0)


def fit_majority(judgments: Judgments) -> Fit:
    """Count the votes."""
    shares = vote_shares(judgments)
    workers = len(judgments.workers)
    agreed = np.bincount(
        judgments.worker, weights=shares[judgments.task, judgments.label], minlength=workers
    )
    return Fit(
        posteriors=shares,
        confusions=confusions_given(judgments, shares, prior=_PRIOR),
        skills=agreed / np.bincount(judgments.worker, minlength=workers),
        iterations=0,
        converged=True,
        parameters={},
    )
