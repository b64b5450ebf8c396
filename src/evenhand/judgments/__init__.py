"""The door of judgments."""

from .actions import list_judgment_ids, read_judgments, submit_judgment
from .model import NewJudgment, SealedJudgment, Submitted

__all__ = [
    "NewJudgment",
    "SealedJudgment",
    "Submitted",
    "list_judgment_ids",
    "read_judgments",
    "submit_judgment",
]
