"""Problems of JSON objects, each with its path, and the checks that types share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, cast


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong where: a JSON Pointer (RFC 6901; "" is the whole) and a sentence."""

    path: str
    sentence: str


class TaskTypeError(ValueError):
    """A JSON object that a task type refuses, with all of its problems, sorted by path."""

    what: ClassVar[str] = "object"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        listed = " ".join(f"{problem.path or '/'}: {problem.sentence}" for problem in self.problems)
        super().__init__(f"The {self.what} is refused. {listed}")


class SettingsError(TaskTypeError):
    """Refused settings of a project."""

    what = "settings object"


class PayloadError(TaskTypeError):
    """A refused payload of an item."""

    what = "payload"


class AnswerError(TaskTypeError):
    """A refused answer."""

    what = "answer"


class UnknownTaskTypeError(ValueError):
    """There is no task type of that name."""


def check_object(
    raw: object, *, fields: Collection[str], error: type[TaskTypeError]
) -> tuple[dict[str, object], list[Problem]]:
    """Return the object and a problem for each unknown field.

    Raises ``error`` at once when ``raw`` is no JSON object, since nothing else can be
    said then.
    """
    if not isinstance(raw, dict):
        raise error([Problem("", "A JSON object is expected.")])
    found = cast("dict[object, object]", raw)
    problems = [
        Problem(f"/{_escaped(str(name))}", "This field is not known.")
        for name in found
        if name not in fields
    ]
    return {name: found[name] for name in fields if name in found}, problems


def check_choice(
    value: object, *, path: str, choices: Sequence[str], problems: list[Problem]
) -> None:
    """Add a problem unless the value is one of the strings."""
    if not isinstance(value, str) or value not in choices:
        problems.append(Problem(path, f"One of {', '.join(choices)} is expected."))


def check_text(value: object, *, path: str, problems: list[Problem]) -> str | None:
    """Return the value if it is a storable string, else add a problem and return None."""
    if not isinstance(value, str):
        problems.append(Problem(path, "A string is expected."))
        return None
    if "\x00" in value or not _is_well_formed(value):
        problems.append(
            Problem(
                path, "The text has U+0000 or half of a surrogate pair, which nothing can store."
            )
        )
        return None
    return value


def _is_well_formed(text: str) -> bool:
    """False for half of a surrogate pair. The encoder finds one far faster than a loop would."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
