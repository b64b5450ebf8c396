"""The door of consensus."""

from .actions import (
    ConsensusService,
    get_done_run,
    list_result_items,
    read_results,
    read_sealed_ranking,
)
from .model import Run, RunNotDone
from .standings import PIECE_COUNT, Outcome, read_standing, standing_field, unpack_items

__all__ = [
    "PIECE_COUNT",
    "ConsensusService",
    "Outcome",
    "Run",
    "RunNotDone",
    "get_done_run",
    "list_result_items",
    "read_results",
    "read_sealed_ranking",
    "read_standing",
    "standing_field",
    "unpack_items",
]
