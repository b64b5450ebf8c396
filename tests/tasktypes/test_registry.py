"""Task types by name."""

from __future__ import annotations

import pytest

from evenhand.tasktypes import Problem, TaskTypeError, UnknownTaskTypeError, get_task_type, kinds


def test_each_kind_is_found_by_its_own_name() -> None:
    assert kinds() == ("pairwise",)
    for kind in kinds():
        assert get_task_type(kind).kind == kind


def test_another_name_is_refused() -> None:
    with pytest.raises(UnknownTaskTypeError, match="no task type 'boxes'; there are pairwise"):
        get_task_type("boxes")


def test_an_error_lists_its_problems_in_order() -> None:
    error = TaskTypeError([Problem("/b", "Two."), Problem("", "One.")])
    assert str(error) == "The object is refused. /: One. /b: Two."
