"""Quality: consensus labels, worker skill, rankings and agreement out of judgments.

Columns in, frozen values out; NumPy only; no database, web, clock or global state. The
data columns are named task, worker and label, as in the literature.
"""

from evenhand.quality.aggregation import aggregate, dawid_skene, majority, methods, one_coin
from evenhand.quality.agreement import AgreementResult, Level, agreement
from evenhand.quality.bradley_terry import BradleyTerryResult, bradley_terry, win_probability
from evenhand.quality.errors import QualityError
from evenhand.quality.judgments import ENGINE_VERSION
from evenhand.quality.results import AggregateResult, TieRule

__all__ = [
    "ENGINE_VERSION",
    "AggregateResult",
    "AgreementResult",
    "BradleyTerryResult",
    "Level",
    "QualityError",
    "TieRule",
    "aggregate",
    "agreement",
    "bradley_terry",
    "dawid_skene",
    "majority",
    "methods",
    "one_coin",
    "win_probability",
]
