"""Task types by name: one line for each."""

from __future__ import annotations

from typing import Final

from evenhand.tasktypes.pairwise import PairwiseType
from evenhand.tasktypes.problems import UnknownTaskTypeError
from evenhand.tasktypes.protocol import TaskType

_TYPES: Final[tuple[TaskType, ...]] = (PairwiseType(),)
_BY_KIND: Final = {task_type.kind: task_type for task_type in _TYPES}


def kinds() -> tuple[str, ...]:
    """Return the names of all task types."""
    return tuple(_BY_KIND)


def get_task_type(kind: str) -> TaskType:
    """Return the task type of that name; raises UnknownTaskTypeError."""
    found = _BY_KIND.get(kind)
    if found is None:
        message = f"There is no task type {kind!r}; there are {', '.join(_BY_KIND)}."
        raise UnknownTaskTypeError(message)
    return found
