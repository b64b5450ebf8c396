"""The default: the mean of the posteriors of one-coin and MAP Dawid-Skene.

No single model is best everywhere. One-coin fails where classes are confused in one
direction, Dawid-Skene where workers gave few labels. Their mean is near the better one on
most sets, and their errors cancel in part (the averaging of different models, Hoeting et
al., Bayesian Model Averaging, Statistical Science 14 (1999), with equal weights: a
selection by predictive likelihood did not beat equal weights, specs/quality.md).

Each model's own posteriors, not its labels, are averaged: where one model is sure and
the other in doubt, the sure one decides. Confusion tables and skills are those that fit
the averaged posteriors. Where there is no room for confusion tables (many classes), the
one-coin model decides alone, and the parameters say so.
"""

from __future__ import annotations

import numpy as np

from evenhand.quality.confusion import (
    confusions_given,
    estimate_class_shares,
    has_room_for_confusions,
)
from evenhand.quality.dawid_skene import PRIOR, fit_dawid_skene
from evenhand.quality.judgments import Judgments
from evenhand.quality.one_coin import fit_one_coin
from evenhand.quality.results import Fit


def fit_default(judgments: Judgments) -> Fit:
    """Fit the models and average."""
    fits = {"one_coin": fit_one_coin(judgments)}
    if has_room_for_confusions(judgments):
        fits["dawid_skene"] = fit_dawid_skene(judgments)
    posteriors = sum((fit.posteriors for fit in fits.values()), np.zeros(())) / len(fits)
    confusions = confusions_given(judgments, posteriors, prior=PRIOR)
    if confusions is None:
        skills = fits["one_coin"].skills
    else:
        shares = estimate_class_shares(posteriors, prior=PRIOR)
        skills = np.einsum("k,wkk->w", shares, confusions)
    return Fit(
        posteriors=posteriors,
        confusions=confusions,
        skills=skills,
        iterations=sum(fit.iterations for fit in fits.values()),
        converged=all(fit.converged for fit in fits.values()),
        parameters={name: dict(fit.parameters) for name, fit in fits.items()},
    )
