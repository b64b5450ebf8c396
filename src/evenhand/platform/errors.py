"""The six kinds of refusal. A room's errors live in its `model.py` and subclass one of these.

Each carries a stable code and a sentence that says what to try. The HTTP status is decided in
`platform/web.py`, the exit code in `app/cli/main.py`, and nowhere else.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

__all__ = [
    "Conflict",
    "EvenhandError",
    "Expired",
    "Forbidden",
    "Invalid",
    "NotFound",
    "Problem",
    "Unauthenticated",
    "Unavailable",
]


class Problem(NamedTuple):
    """One thing that is wrong inside an input: where (JSON pointer, line or column) and what."""

    path: str
    detail: str


class EvenhandError(Exception):
    """Base of all anticipated refusals."""

    code: ClassVar[str] = "error"

    def __init__(
        self, detail: str, *, code: str | None = None, problems: tuple[Problem, ...] = ()
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problems = problems
        self.stable_code = code or self.code


class NotFound(EvenhandError):
    """No such object for this actor; foreign and unknown look alike."""

    code = "not_found"


class Unauthenticated(EvenhandError):
    """No valid credential came with the request."""

    code = "sign_in_required"


class Forbidden(EvenhandError):
    """Known actor, refused by permission or wall."""

    code = "forbidden"


class Conflict(EvenhandError):
    """The state moved on, or a unique constraint said no."""

    code = "conflict"


class Expired(Conflict):
    """A lease, code or token outlived its time."""

    code = "expired"


class Invalid(EvenhandError):
    """The input is not acceptable; `problems` lists each place."""

    code = "invalid"


class Unavailable(EvenhandError):
    """Something we need is away; trying again later is right."""

    code = "unavailable"
    retry_after_s: int = 1
