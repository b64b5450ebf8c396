"""Where in a batch to look first: a hint that saves walking over what is taken or seen.

The enemy of a queue in a table is the dead index entries at its head, and an annotator's own seen
items. Each caller remembers the position of its last find and looks from there on; the database
looks from the start when nothing is found. A task that went back to the queue lies before the
hints, so a hint is forgotten after a few seconds. A lost or wrong hint costs a longer look, never a
task.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["PlaceHints"]

_FORGET_AFTER_S = 5.0
_KEPT_MAX = 50_000


class PlaceHints:
    """Hints by caller and project, in this process only."""

    def __init__(self) -> None:
        self._kept: dict[tuple[bytes, UUID], tuple[float, UUID, int]] = {}

    def find(self, caller: bytes, project: UUID) -> tuple[UUID | None, int]:
        """Batch and position to look from; (None, 0) without a fresh hint."""
        kept = self._kept.get((caller, project))
        if kept is None or time.monotonic() > kept[0]:
            return None, 0
        return kept[1], kept[2]

    def keep(self, caller: bytes, project: UUID, batch: UUID, place: int) -> None:
        """Remember a find. The time to forget is set by the first find since the last look from
        the start, so that returned tasks are seen again.
        """
        now = time.monotonic()
        kept = self._kept.get((caller, project))
        until = kept[0] if kept is not None and now <= kept[0] else now + _FORGET_AFTER_S
        if len(self._kept) >= _KEPT_MAX:
            self._kept.clear()
        self._kept[caller, project] = (until, batch, place)
