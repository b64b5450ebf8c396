"""What the leader tells the other processes when a group is in the tree: pure but for the signing.

A notice is one line of ASCII with a mark at its end that only the service's own processes can make
(`Database.sign_notice`), since it opens payloads without another question to the database::

    <workspace, 32 hex digits> <index of the first> <id of the first>,<distance>,... <mark>

Ids ascend, so distances are short. Where the line is longer than a notification may be, the ids are
left out: `<workspace> <mark>` says only that it is worth looking. No content, ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING
from uuid import UUID

from .model import Logged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Notice", "parse_notice", "render_notice"]

# PostgreSQL takes payloads shorter than 8000 bytes.
_BYTES_MAX = 7999
_PARTS = 3


@dataclass(frozen=True, slots=True)
class Notice:
    """Intents that were appended at once: the first stands at index `first`. None: look."""

    workspace: UUID
    first: int
    intents: Sequence[int]

    def places(self) -> dict[int, Logged]:
        """Where each intent stands, in the tree of the size after it grew."""
        size = self.first + len(self.intents)
        return {
            intent: Logged(index=self.first + step, size=size)
            for step, intent in enumerate(self.intents)
        }


def render_notice(notice: Notice, sign: Callable[[str], str]) -> str:
    """The line. `sign` appends a space and its mark."""
    steps = [second - first for first, second in pairwise(notice.intents)]
    listed = ",".join(map(str, [notice.intents[0], *steps]))
    line = sign(f"{notice.workspace.hex} {notice.first} {listed}")
    return line if len(line) <= _BYTES_MAX else sign(notice.workspace.hex)


def parse_notice(text: str, read: Callable[[str], str | None]) -> Notice | None:
    """What a line says; `intents` is empty when it only says that something grew. None for a line
    that nobody of ours has written (`read` gives None).
    """
    said = read(text)
    if said is None:
        return None
    parts = said.split(" ")
    if len(parts) < _PARTS:
        return Notice(UUID(hex=parts[0]), 0, ())
    intents = list(accumulate(map(int, parts[2].split(","))))
    return Notice(UUID(hex=parts[0]), int(parts[1]), intents)
