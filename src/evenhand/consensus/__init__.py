"""The door of consensus."""

from .actions import (
    ConsensusService,
    get_done_run,
    list_result_items,
    read_results,
    read_sealed_ranking,
)
from .model import Run, RunNotDone

__all__ = [
    "ConsensusService",
    "Run",
    "RunNotDone",
    "get_done_run",
    "list_result_items",
    "read_results",
    "read_sealed_ranking",
]
