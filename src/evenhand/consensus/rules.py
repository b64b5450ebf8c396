"""From judgments to results: pure. Calls the quality engine; knows no database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evenhand.quality import aggregate, agreement, bradley_terry, majority, win_probability
from evenhand.tasktypes import get_task_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Aggregated", "Judged", "aggregate_judgments", "agreed_share"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One judgment in the clear: who said what of which item."""

    item: str
    annotator: str
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Aggregated:
    """All that one aggregation finds."""

    results: dict[str, dict[str, object]]
    skills: dict[str, tuple[int, float]]
    """Annotator to count of judgments and estimated skill."""
    agreed: dict[str, int]
    """Annotator to count of judgments that say what the consensus says."""
    ranking: list[dict[str, object]] | None
    standings: list[dict[str, list[str]]]
    """In the order of the ranking: outcome (any, won, lost, tied) to its items, sorted."""
    summary: dict[str, object]
    input_hash: str


def aggregate_judgments(
    kind: str,
    settings: Mapping[str, Any],
    judged: Sequence[Judged],
    *,
    method: str,
    sides: Mapping[str, Mapping[str, str]],
) -> Aggregated:
    """Aggregate a project. `sides` gives, for an item of a pairwise project, the names of what
    stood left and right, for the ranking; items without names are left out of it and counted.

    Raises:
        QualityError: no judgments.
    """
    task_type = get_task_type(kind)
    binding = task_type.aggregation(settings)
    items = [one.item for one in judged]
    annotators = [one.annotator for one in judged]
    labels = [task_type.label_of(one.answer) for one in judged]
    chosen = aggregate(items, annotators, labels, method=method, classes=binding.classes)
    plain = majority(items, annotators, labels, classes=binding.classes)
    measure = task_type.agreement(settings)
    # Agreement needs an item that two people judged; a consensus does not.
    agreed = (
        agreement(items, annotators, labels, level=measure.level)
        if len(set(items)) < len(items)
        else None
    )
    votes: dict[str, dict[str, int]] = {}
    for item, label in zip(items, labels, strict=True):
        tally = votes.setdefault(item, {})
        tally[label] = tally.get(label, 0) + 1
    results: dict[str, dict[str, object]] = {
        str(item): {
            "label": str(chosen.labels[place]),
            "confidence": round(float(chosen.confidences[place]), 6),
            "majority": str(plain.labels[place]),
            "votes": votes[str(item)],
        }
        for place, item in enumerate(chosen.tasks)
    }
    counts: dict[str, int] = {}
    agreed_counts: dict[str, int] = dict.fromkeys(annotators, 0)
    for item, annotator, label in zip(items, annotators, labels, strict=True):
        counts[annotator] = counts.get(annotator, 0) + 1
        agreed_counts[annotator] += label == results[item]["label"]
    ranking, unnamed = _rank(items, labels, sides)
    behind = _stand(items, labels, sides)
    return Aggregated(
        results=results,
        skills={
            str(worker): (counts[str(worker)], float(min(1.0, max(0.0, chosen.skills[place]))))
            for place, worker in enumerate(chosen.workers)
        },
        agreed=agreed_counts,
        ranking=ranking,
        standings=[behind[str(row["name"])] for row in ranking or ()],
        summary={
            "judgments": len(judged),
            "items": len(results),
            "annotators": len(counts),
            "labels": {label: labels.count(label) for label in binding.classes},
            "percent_agreement": None if agreed is None else round(agreed.percent, 6),
            "alpha": _rounded(None if agreed is None else agreed.alpha),
            "alpha_low": _rounded(None if agreed is None else agreed.low),
            "alpha_high": _rounded(None if agreed is None else agreed.high),
            "differs_from_majority": sum(
                1 for result in results.values() if result["label"] != result["majority"]
            ),
            "judgments_without_names": unnamed,
            "iterations": chosen.iterations,
        },
        input_hash=chosen.input_hash,
    )


def agreed_share(result: Mapping[str, Any]) -> tuple[int, float]:
    """How many judgments an item has, and the share of them that say what its consensus says."""
    votes: Mapping[str, int] = result["votes"]
    total = sum(votes.values())
    return total, votes.get(result["label"], 0) / total


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


_OUTCOMES = {"left": ("won", "lost"), "right": ("lost", "won")}


def _stand(
    items: Sequence[str], labels: Sequence[str], sides: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, list[str]]]:
    """Name to outcome to items: those on which at least one judgment went so."""
    found: dict[str, dict[str, set[str]]] = {}
    for item, label in zip(items, labels, strict=True):
        if item not in sides:
            continue
        outcomes = _OUTCOMES.get(label, ("tied", "tied"))
        for side, outcome in zip(("left", "right"), outcomes, strict=True):
            standing = found.setdefault(sides[item][side], {})
            standing.setdefault("any", set()).add(item)
            standing.setdefault(outcome, set()).add(item)
    return {
        name: {outcome: sorted(behind) for outcome, behind in standing.items()}
        for name, standing in found.items()
    }


def _rank(
    items: Sequence[str], labels: Sequence[str], sides: Mapping[str, Mapping[str, str]]
) -> tuple[list[dict[str, object]] | None, int]:
    """Bradley-Terry over single judgments; a tie counts as half a win for each side."""
    named = [
        (sides[item]["left"], sides[item]["right"], label)
        for item, label in zip(items, labels, strict=True)
        if item in sides
    ]
    if not named:
        return None, len(items)
    fitted = bradley_terry(
        [row[0] for row in named], [row[1] for row in named], [row[2] for row in named]
    )
    order = sorted(range(len(fitted.items)), key=lambda place: -fitted.scores[place])
    ranking: list[dict[str, object]] = [
        {
            "rank": rank,
            "name": str(fitted.items[place]),
            "score": round(float(fitted.scores[place]), 6),
            "low": round(float(fitted.low[place]), 6),
            "high": round(float(fitted.high[place]), 6),
            "win_probability": round(float(win_probability(float(fitted.scores[place]))), 6),
            "wins": int(fitted.wins[place]),
            "losses": int(fitted.losses[place]),
            "ties": int(fitted.ties[place]),
        }
        for rank, place in enumerate(order, start=1)
    ]
    return ranking, len(items) - len(named)
