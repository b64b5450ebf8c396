"""The door of judgments."""

from .actions import list_judgment_ids, read_judgments, submit_judgment
from .groups import SubmitGroups, SubmitRequest
from .model import NewJudgment, SealedJudgment, Submitted
from .withdrawal import settle_judgments

__all__ = [
    "NewJudgment",
    "SealedJudgment",
    "SubmitGroups",
    "SubmitRequest",
    "Submitted",
    "list_judgment_ids",
    "read_judgments",
    "settle_judgments",
    "submit_judgment",
]
