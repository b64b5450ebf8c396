"""Lines of an export from opened values. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evenhand.formats import TrlPreference, neutralise_cell, render_csv_row, render_json, render_trl
from evenhand.tasktypes import get_task_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "LEADERBOARD_COLUMNS",
    "consensus_line",
    "item_line",
    "leaderboard_csv",
    "preference_line",
]

LEADERBOARD_COLUMNS = (
    "rank",
    "name",
    "score",
    "low",
    "high",
    "win_probability",
    "wins",
    "losses",
    "ties",
)


def preference_line(
    kind: str,
    payload: Mapping[str, Any],
    answer: Mapping[str, Any],
    extra: Mapping[str, object],
    *,
    ties: bool,
) -> bytes | None:
    """One judgment as a TRL preference row, or as a row of the companion of ties.

    None when the judgment belongs to the other file. Both files together hold each judgment once.
    """
    task_type = get_task_type(kind)
    label = task_type.label_of(answer)
    preference = task_type.preference(payload, label=label)
    if ties:
        if preference is not None:
            return None
        return render_json({**payload, "label": label, **extra}) + b"\n"
    if preference is None:
        return None
    return render_trl(
        TrlPreference(
            prompt=preference.prompt,
            chosen=preference.chosen,
            rejected=preference.rejected,
            extra=extra,
        )
    )


def consensus_line(
    item_id: str, meta: Mapping[str, Any], payload: Mapping[str, Any], result: Mapping[str, Any]
) -> bytes:
    """One item with its consensus."""
    return (
        render_json(
            {
                "item_id": item_id,
                "id": meta.get("id"),
                "meta": meta.get("meta", {}),
                "payload": dict(payload),
                **result,
            }
        )
        + b"\n"
    )


def item_line(item_id: str, meta: Mapping[str, Any]) -> bytes:
    """One item's id beside the customer's own id and meta."""
    line = {"item_id": item_id, "id": meta.get("id"), "meta": meta.get("meta", {})}
    return render_json(line) + b"\n"


def leaderboard_csv(ranking: Sequence[Mapping[str, Any]]) -> bytes:
    """The ranking as CSV with a header; names are safe for spreadsheets, numbers stay numbers."""
    lines = [render_csv_row(LEADERBOARD_COLUMNS, flavour="exact")]
    lines += [
        render_csv_row(
            [
                neutralise_cell(str(row[name])) if name == "name" else str(row[name])
                for name in LEADERBOARD_COLUMNS
            ],
            flavour="exact",
        )
        for row in ranking
    ]
    return b"".join(lines)
