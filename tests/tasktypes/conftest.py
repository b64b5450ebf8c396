"""Hypothesis without a deadline: on a shared machine a pause is no defect of the code."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("evenhand", deadline=None)
settings.load_profile("evenhand")
