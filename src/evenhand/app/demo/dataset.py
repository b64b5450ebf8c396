"""The shipped data: LLMFAO by Dmitry Ustalov (CC BY 4.0), see `data/README.md`. Pure reading."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Comparison", "Dataset", "Pair", "TrainingPair"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one prompt; `left` and `right` name the models."""

    id: int
    prompt: str
    left_text: str
    right_text: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class TrainingPair:
    """A pair whose right answer is known, with the reason."""

    pair: Pair
    choice: str
    reason: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One real judgment: which side of a pair a person preferred."""

    pair_id: int
    person: int
    choice: str


def _text(name: str) -> str:
    data = resources.files(__package__ or "").joinpath("data", name).read_bytes()
    return (gzip.decompress(data) if name.endswith(".gz") else data).decode("utf-8")


def _rows(name: str) -> Iterable[dict[str, Any]]:
    return (json.loads(line) for line in _text(name).splitlines() if line)


class Dataset:
    """Everything, read when asked for."""

    @cached_property
    def instructions(self) -> str:
        """What the people were told, Markdown."""
        return _text("crowd-instruction.md")

    @cached_property
    def pairs(self) -> list[Pair]:
        """The 2,139 pairs."""
        return [self._pair(row) for row in _rows("pairs-crowd.jsonl.gz")]

    @cached_property
    def training(self) -> list[TrainingPair]:
        """The 7 training pairs."""
        return [
            TrainingPair(self._pair(row), row["golden"], row["reason"])
            for row in _rows("pairs-crowd-training.jsonl")
        ]

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """The 8,931 judgments, in the file's order."""
        reader = csv.DictReader(io.StringIO(_text("crowd-comparisons.csv.gz")))
        return [Comparison(int(row["id"]), int(row["worker"]), row["winner"]) for row in reader]

    @cached_property
    def people(self) -> list[int]:
        """The 124 people's numbers."""
        return sorted({one.person for one in self.comparisons})

    @cached_property
    def _models(self) -> dict[int, str]:
        return {row["id"]: row["name"] for row in _rows("models.jsonl")}

    def _pair(self, row: dict[str, Any]) -> Pair:
        return Pair(
            id=row["id"],
            prompt=row["text"],
            left_text=row["result_x"],
            right_text=row["result_y"],
            left=self._models[row["model_x"]],
            right=self._models[row["model_y"]],
        )
