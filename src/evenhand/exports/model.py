"""Words of exports."""

from __future__ import annotations

from typing import Final, Literal, get_args

__all__ = ["EXPORT_FORMATS", "ExportFormat"]

ExportFormat = Literal["trl", "trl-ties", "consensus", "leaderboard", "items"]
EXPORT_FORMATS: Final[tuple[ExportFormat, ...]] = get_args(ExportFormat)
