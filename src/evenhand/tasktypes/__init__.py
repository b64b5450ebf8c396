"""Task types: what each kind of task asks, and what its answers mean."""

from evenhand.tasktypes.problems import (
    AnswerError,
    PayloadError,
    Problem,
    SettingsError,
    TaskTypeError,
    UnknownTaskTypeError,
)
from evenhand.tasktypes.protocol import AggregationBinding, AgreementBinding, JsonObject, TaskType
from evenhand.tasktypes.registry import get_task_type, kinds

__all__ = [
    "AggregationBinding",
    "AgreementBinding",
    "AnswerError",
    "JsonObject",
    "PayloadError",
    "Problem",
    "SettingsError",
    "TaskType",
    "TaskTypeError",
    "UnknownTaskTypeError",
    "get_task_type",
    "kinds",
]
