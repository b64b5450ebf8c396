"""The door of judgments."""

from .actions import list_judgment_ids, read_judgments, submit_judgment
from .model import NewJudgment, SealedJudgment, Submitted
from .withdrawal import settle_judgments

__all__ = [
    "NewJudgment",
    "SealedJudgment",
    "Submitted",
    "list_judgment_ids",
    "read_judgments",
    "settle_judgments",
    "submit_judgment",
]
