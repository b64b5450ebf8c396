"""Pairwise preference as a task type: what its answers mean."""

from __future__ import annotations

from typing import cast

from evenhand.formats import TrlPreference
from evenhand.tasktypes.pairwise import schema
from evenhand.tasktypes.problems import AnswerError, Problem
from evenhand.tasktypes.protocol import AggregationBinding, AgreementBinding, JsonObject


class PairwiseType:
    """Implements TaskType."""

    @property
    def kind(self) -> str:
        """The name in URLs, tables and files."""
        return "pairwise"

    def parse_settings(self, raw: object) -> JsonObject:
        """Check settings and fill in defaults."""
        return schema.parse_settings(raw)

    def parse_payload(self, raw: object) -> JsonObject:
        """Check a payload."""
        return schema.parse_payload(raw)

    def parse_answer(self, raw: object, *, settings: JsonObject) -> JsonObject:
        """Check an answer."""
        return schema.parse_answer(raw, settings=_known(settings))

    def agreement(self, settings: JsonObject) -> AgreementBinding:
        """Nominal alpha: a tie is a choice of its own and not half way between the sides."""
        del settings
        return AgreementBinding(coefficient="alpha", level="nominal")

    def aggregation(self, settings: JsonObject) -> AggregationBinding:
        """Classes are the choices that the settings allow."""
        return AggregationBinding(classes=schema.classes(_known(settings)), method="default")

    def label_of(self, answer: JsonObject) -> str:
        """The choice, on the item's own sides."""
        return _choice(answer)

    def score(self, answer: JsonObject, *, gold_answer: JsonObject) -> float:
        """1.0 for the same choice, else 0.0; order and reason do not count."""
        return 1.0 if _choice(answer) == _choice(gold_answer) else 0.0

    def preference(self, payload: JsonObject, *, label: str) -> TrlPreference | None:
        """The chosen and the rejected side; None for a tie."""
        shown = cast("schema.PairwisePayload", cast("object", payload))
        if label == schema.TIE:
            return None
        if label not in schema.SIDES:
            raise AnswerError([Problem("/choice", "One of left, right, tie is expected.")])
        chosen, rejected = shown["left"], shown["right"]
        if label == "right":
            chosen, rejected = rejected, chosen
        return TrlPreference(prompt=shown["prompt"], chosen=chosen, rejected=rejected)


def _known(settings: JsonObject) -> schema.PairwiseSettings:
    """Settings come from ``parse_settings``, but may have been stored since then."""
    return schema.parse_settings(dict(settings))


def _choice(answer: JsonObject) -> str:
    return str(answer["choice"])
