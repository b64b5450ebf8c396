"""What a call can raise."""

from __future__ import annotations

from typing import Any

__all__ = ["ApiError", "Unreachable"]


class ApiError(Exception):
    """The service refused: an RFC 9457 problem. `code` is stable, `detail` says what to do."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.code: str = str(problem.get("code", "unknown"))
        self.detail: str = str(problem.get("detail", ""))
        self.errors: list[dict[str, str]] = problem.get("errors") or []
        super().__init__(f"{status} {self.code}: {self.detail}")


class Unreachable(Exception):
    """No answer came, even after repeating."""
