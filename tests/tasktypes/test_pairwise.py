"""Pairwise preference: golden answers, settings, payloads and what answers mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.formats import TrlPreference
from evenhand.tasktypes import (
    AggregationBinding,
    AgreementBinding,
    AnswerError,
    JsonObject,
    PayloadError,
    SettingsError,
    get_task_type,
)

GOLDEN = Path(__file__).parents[2] / "specs" / "answers" / "pairwise"
VALID: list[dict[str, Any]] = json.loads((GOLDEN / "valid.json").read_text("ascii"))
INVALID: list[dict[str, Any]] = json.loads((GOLDEN / "invalid.json").read_text("ascii"))
PAIRWISE = get_task_type("pairwise")
DEFAULTS = {"tie": True, "reason": "optional", "order": "given"}


@pytest.mark.parametrize("case", VALID, ids=lambda case: case["name"])
def test_golden_answers_are_accepted_unchanged(case: dict[str, Any]) -> None:
    settings = PAIRWISE.parse_settings(case["settings"])
    assert PAIRWISE.parse_answer(case["answer"], settings=settings) == case["answer"]


@pytest.mark.parametrize("case", INVALID, ids=lambda case: case["name"])
def test_golden_answers_are_refused_at_their_paths(case: dict[str, Any]) -> None:
    settings = PAIRWISE.parse_settings(case["settings"])
    with pytest.raises(AnswerError, match="The answer is refused") as caught:
        PAIRWISE.parse_answer(case["answer"], settings=settings)
    assert [problem.path for problem in caught.value.problems] == case["problems"]
    assert all(problem.sentence.endswith(".") for problem in caught.value.problems)


def test_golden_names_are_unique_and_cover_both_kinds() -> None:
    for cases in (VALID, INVALID):
        assert len({case["name"] for case in cases}) == len(cases) > 10


def test_settings_get_their_defaults() -> None:
    assert PAIRWISE.parse_settings({}) == DEFAULTS
    given_settings = {"order": "random", "tie": False, "reason": "off"}
    assert PAIRWISE.parse_settings(given_settings) == given_settings


@pytest.mark.parametrize(
    ("raw", "paths"),
    [
        (None, [""]),
        ({"tie": 1}, ["/tie"]),
        ({"tie": "true", "reason": True, "order": None}, ["/order", "/reason", "/tie"]),
        ({"reason": "maybe", "ties": True}, ["/reason", "/ties"]),
    ],
)
def test_other_settings_are_refused(raw: object, paths: list[str]) -> None:
    with pytest.raises(SettingsError, match="settings object is refused") as caught:
        PAIRWISE.parse_settings(raw)
    assert [problem.path for problem in caught.value.problems] == paths


def test_sides_may_be_empty_and_the_limit_is_in_bytes() -> None:
    payload = {"prompt": "p", "left": "", "right": "é" * ((1024 * 1024 - 1) // 2)}
    assert PAIRWISE.parse_payload(payload) == payload


@given(*[st.text("aé \x00", max_size=3)] * 3)
def test_a_plain_payload_is_judged_as_any_other(prompt: str, left: str, right: str) -> None:
    """ASCII takes a short way; one more letter, of another script, takes the long one."""

    def paths(letter: str) -> list[str]:
        raw = {"prompt": prompt, "left": left + letter, "right": right}
        try:
            assert PAIRWISE.parse_payload(raw) == raw
        except PayloadError as error:
            return [problem.path for problem in error.problems]
        return []

    assert paths("a") == paths("é")


@pytest.mark.parametrize(
    ("raw", "paths"),
    [
        ([], [""]),
        ({}, ["/left", "/prompt", "/right"]),
        ({"prompt": " \n", "left": "", "right": ""}, ["/prompt"]),
        ({"prompt": "p", "left": None, "right": 1, "id": "x"}, ["/id", "/left", "/right"]),
        ({"prompt": "p", "left": "\x00", "right": "\udfff"}, ["/left", "/right"]),
        ({"prompt": "p", "left": "", "right": "é" * (512 * 1024)}, [""]),
    ],
)
def test_other_payloads_are_refused(raw: object, paths: list[str]) -> None:
    with pytest.raises(PayloadError) as caught:
        PAIRWISE.parse_payload(raw)
    assert [problem.path for problem in caught.value.problems] == paths


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["left"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["choice", "order", "reason", "tie", "x"]), inner)
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_anything_is_accepted_unchanged_or_refused_with_problems(
    raw: object, raw_settings: object
) -> None:
    as_promised = 0
    settings: JsonObject = DEFAULTS
    try:
        settings = PAIRWISE.parse_settings(raw_settings)
    except SettingsError as error:
        as_promised += len(error.problems) > 0
    else:
        as_promised += set(settings) == set(DEFAULTS)
    try:
        answer: object = PAIRWISE.parse_answer(raw, settings=settings)
    except AnswerError as error:
        as_promised += len(error.problems) > 0
    else:
        as_promised += answer == raw
    assert as_promised == 2


def test_the_label_is_the_choice() -> None:
    assert PAIRWISE.label_of({"choice": "right", "order": "swapped"}) == "right"


def test_bindings_follow_the_settings() -> None:
    with_ties = AggregationBinding(classes=("left", "right", "tie"), method="default")
    without = AggregationBinding(classes=("left", "right"), method="default")
    assert PAIRWISE.aggregation(DEFAULTS) == with_ties
    assert PAIRWISE.aggregation({**DEFAULTS, "tie": False}) == without
    nominal = AgreementBinding(coefficient="alpha", level="nominal")
    assert PAIRWISE.agreement(DEFAULTS) == nominal


def test_gold_counts_the_choice_only() -> None:
    gold = {"choice": "left", "order": "given", "reason": "because"}
    assert PAIRWISE.score({"choice": "left", "order": "swapped"}, gold_answer=gold) == 1.0
    assert PAIRWISE.score({"choice": "right", "order": "given"}, gold_answer=gold) == 0.0


def test_export_names_chosen_and_rejected() -> None:
    payload = {"prompt": "p", "left": "l", "right": ""}
    left = TrlPreference(prompt="p", chosen="l", rejected="")
    right = TrlPreference(prompt="p", chosen="", rejected="l")
    assert PAIRWISE.preference(payload, label="left") == left
    assert PAIRWISE.preference(payload, label="right") == right
    assert PAIRWISE.preference(payload, label="tie") is None
    with pytest.raises(AnswerError, match="/choice: One of left, right, tie"):
        PAIRWISE.preference(payload, label="both")
