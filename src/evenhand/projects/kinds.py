"""The project's task type, with refusals in the words of the API.

What comes back as bytes is canonical JSON (the type's own order of fields), so that equal answers
have equal bytes.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from evenhand.formats import render_json
from evenhand.platform.errors import Invalid, Problem
from evenhand.tasktypes import TaskTypeError, UnknownTaskTypeError, get_task_type

if TYPE_CHECKING:
    from uuid import UUID

__all__ = [
    "check_answer",
    "check_order",
    "check_payload",
    "check_settings",
    "presentation_order",
    "score_answer",
]


@contextmanager
def _refusing(code: str) -> Generator[None]:
    try:
        yield
    except UnknownTaskTypeError as error:
        raise Invalid(str(error), code="no_such_task_type") from error
    except TaskTypeError as error:
        problems = tuple(Problem(p.path, p.sentence) for p in error.problems)
        raise Invalid(str(error), code=code, problems=problems) from error


def check_settings(kind: str, raw: object) -> Mapping[str, object]:
    """A project's settings with defaults filled in; raises Invalid."""
    with _refusing("settings_refused"):
        return get_task_type(kind).parse_settings(raw)


def check_payload(kind: str, raw: object) -> bytes:
    """What an annotator will be shown, as canonical JSON; raises Invalid."""
    with _refusing("payload_refused"):
        return render_json(get_task_type(kind).parse_payload(raw))


def check_answer(kind: str, settings: Mapping[str, Any], raw: object) -> bytes:
    """An answer as canonical JSON; raises Invalid with every problem."""
    with _refusing("answer_refused"):
        return render_json(get_task_type(kind).parse_answer(raw, settings=settings))


def score_answer(kind: str, answer: Mapping[str, Any], gold_answer: Mapping[str, Any]) -> float:
    """How right an answer is against gold, 0.0 to 1.0."""
    return get_task_type(kind).score(answer, gold_answer=gold_answer)


def presentation_order(settings: Mapping[str, Any], lease_id: UUID) -> Literal["given", "swapped"]:
    """Which side is shown first. Random order is drawn from the lease's own random bits, so that
    it is the same when the lease is handed out again and nobody has to store it.
    """
    if settings.get("order") == "random" and lease_id.int & 1:
        return "swapped"
    return "given"


def check_order(settings: Mapping[str, Any], lease_id: UUID, answer: Mapping[str, Any]) -> None:
    """Refuse an answer that claims another order than the one that was shown."""
    shown = presentation_order(settings, lease_id)
    if answer.get("order") != shown:
        raise Invalid(
            f"The task was shown in the order {shown}; the answer says otherwise.",
            code="answer_refused",
            problems=(Problem("/order", f"{shown} was shown."),),
        )
