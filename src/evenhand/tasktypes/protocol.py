"""What a task type is to the rest of the program.

Settings, payloads and answers cross this line as JSON objects, since that is how they
are stored, sent and sealed. A ``parse_`` method checks everything, fills in defaults and
returns a new object; what takes ``settings``, ``payload`` or ``answer`` as a Mapping
expects what the matching ``parse_`` returned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from evenhand.formats import TrlPreference

JsonObject = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementBinding:
    """How ``quality.agreement`` is to be called on the labels of this type."""

    coefficient: Literal["alpha"]
    level: Literal["nominal", "ordinal", "interval"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregationBinding:
    """How ``quality.aggregate`` is to be called on the labels of this type."""

    classes: tuple[str, ...]
    method: str


class TaskType(Protocol):
    """One kind of task. Implementations are stateless."""

    @property
    def kind(self) -> str:
        """The name in URLs, tables and files."""
        ...

    def parse_settings(self, raw: object) -> JsonObject:
        """Check a project's settings and fill in defaults; raises SettingsError."""
        ...

    def parse_payload(self, raw: object) -> JsonObject:
        """Check what an annotator is shown; raises PayloadError."""
        ...

    def parse_answer(self, raw: object, *, settings: JsonObject) -> JsonObject:
        """Check an annotation; raises AnswerError with every problem."""
        ...

    def agreement(self, settings: JsonObject) -> AgreementBinding:
        """How to measure agreement."""
        ...

    def aggregation(self, settings: JsonObject) -> AggregationBinding:
        """How to aggregate."""
        ...

    def label_of(self, answer: JsonObject) -> str:
        """Return the class of an answer, one of ``aggregation(settings).classes``."""
        ...

    def score(self, answer: JsonObject, *, gold_answer: JsonObject) -> float:
        """How right an answer is against gold, from 0.0 to 1.0."""
        ...

    def preference(self, payload: JsonObject, *, label: str) -> TrlPreference | None:
        """Export as a TRL preference row; None where the label prefers nothing.

        Raises AnswerError when the label is not one of the type's classes.
        """
        ...
