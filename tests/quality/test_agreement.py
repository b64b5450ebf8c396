"""Percent agreement and alpha."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.metrics import binary_distance, interval_distance
from nltk.metrics.agreement import AnnotationTask

from evenhand.quality import Level, QualityError, agreement

# Four judges, twelve units, gaps: the worked example of Krippendorff, Computing
# Krippendorff's Alpha-Reliability (2011), section C, whose alphas are given there.
GAP = 0
EXAMPLE = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, 3],
    [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, GAP],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
]
ROWS = [
    (unit, judge, label)
    for judge, labels in enumerate(EXAMPLE)
    for unit, label in enumerate(labels)
    if label != GAP
]
SMALL = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 3)),
    min_size=2,
    max_size=15,
    unique_by=lambda row: row[:2],
)


def measure(rows: list[tuple[int, int, int]], **options: Any) -> Any:
    task, worker, label = (list(column) for column in zip(*rows, strict=True))
    whole: dict[str, Any] = {"bootstrap": 0, **options}
    return agreement(task, worker, label, **whole)


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_published_values(level: Level, alpha: float) -> None:
    result = measure(ROWS, level=level)
    assert result.alpha == pytest.approx(alpha, abs=5e-4)
    # The unit that only one judge saw is left out, hence 40 of 41 values.
    assert (result.tasks, result.tasks_left_out, result.judgments) == (11, 1, 40)


def test_by_hand() -> None:
    # Task 0: 1, 1, 2. Task 1: 2, 2. Task 2: 3 alone, left out. n = 5: 1 twice, 2 three times.
    rows = [(0, 0, 1), (0, 1, 1), (0, 2, 2), (1, 0, 2), (1, 1, 2), (2, 0, 3)]
    result = measure(rows)
    # Percent: task 0 has 6 ordered pairs, 2 agree; task 1 all: (1/3 + 1) / 2.
    assert result.percent == pytest.approx(2 / 3)
    # Observed: (1/5) (4 / 2 + 0) = 0.4. Expected: 2 * 2 * 3 / (5 * 4) = 0.6.
    assert result.alpha == pytest.approx(1 - 0.4 / 0.6)


@pytest.mark.parametrize(
    ("level", "distance"), [("nominal", binary_distance), ("interval", interval_distance)]
)
@given(SMALL)
@settings(max_examples=60)
def test_same_as_nltk(level: Level, distance: Any, rows: list[tuple[int, int, int]]) -> None:
    seen = [task for task, _, _ in rows]
    paired = [row for row in rows if seen.count(row[0]) > 1]
    if len({label for _, _, label in paired}) < 2:
        return
    theirs = AnnotationTask([(str(w), str(t), v) for t, w, v in paired], distance=distance).alpha()
    assert measure(rows, level=level).alpha == pytest.approx(theirs, abs=1e-9)


@given(SMALL)
@settings(max_examples=60)
def test_ordinal_equals_the_sum_of_counts_between_two_ranks(
    rows: list[tuple[int, int, int]],
) -> None:
    by_task: dict[int, list[int]] = {}
    for task, _, label in rows:
        by_task.setdefault(task, []).append(label)
    units = [labels for labels in by_task.values() if len(labels) > 1]
    pool = [label for labels in units for label in labels]
    if len(set(pool)) < 2:
        return

    def delta(a: int, b: int) -> float:
        low, high = min(a, b), max(a, b)
        between = sum(pool.count(rank) for rank in range(low, high + 1))
        return (between - (pool.count(low) + pool.count(high)) / 2) ** 2

    observed = sum(
        delta(a, b) / (len(labels) - 1) for labels in units for a in labels for b in labels
    ) / len(pool)
    expected = sum(delta(a, b) for a in pool for b in pool) / (len(pool) * (len(pool) - 1))
    alpha = measure(rows, level="ordinal").alpha
    assert alpha == pytest.approx(1 - observed / expected, abs=1e-9)


def test_an_order_of_names_stands_for_numbers() -> None:
    names = ["none", "low", "mid", "high", "top", "never"]
    task, worker, label = (list(column) for column in zip(*ROWS, strict=True))
    named = [names[value] for value in label]
    result = agreement(task, worker, named, level="ordinal", order=names, bootstrap=0)
    assert result.alpha == pytest.approx(0.815, abs=5e-4)
    as_text = agreement(task, worker, [str(v) for v in label], level="interval", bootstrap=0)
    assert as_text.alpha == pytest.approx(0.849, abs=5e-4)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_the_interval_holds_the_value_and_follows_the_seed(level: Level) -> None:
    first = measure(ROWS, level=level, bootstrap=300, seed=4)
    assert first.low < first.alpha < first.high <= 1.0
    assert measure(ROWS, level=level, bootstrap=300, seed=4) == first
    assert measure(ROWS, level=level, bootstrap=300, seed=5).low != first.low
    narrow = measure(ROWS, level=level, bootstrap=300, seed=4, confidence=0.5)
    assert narrow.high - narrow.low < first.high - first.low


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    # Two judges, binary, each keeps the true value with 0.9: they agree with 0.82; balanced
    # classes, so chance is 0.5 and alpha 0.64.
    rng = np.random.default_rng(8)
    task, worker = np.repeat(np.arange(200), 2), np.tile([0, 1], 200)
    held = 0
    for seed in range(60):
        truth = np.repeat(rng.integers(0, 2, 200), 2)
        label = np.where(rng.random(400) < 0.9, truth, 1 - truth)
        result = agreement(task, worker, label, bootstrap=200, seed=seed)
        assert result.low is not None
        assert result.high is not None
        held += result.low <= 0.64 <= result.high
    # 95 % of 60 is 57; 50 lies four standard deviations below.
    assert held >= 50


def test_grouping_equal_tasks_changes_nothing() -> None:
    # 70 classes cannot be packed into one number, so the tasks stay single.
    rng = np.random.default_rng(3)
    task, worker = np.repeat(np.arange(50), 3), np.tile([0, 1, 2], 50)
    label = rng.integers(0, 3, 150)
    packed = agreement(task, worker, label, bootstrap=0, order=range(3))
    single = agreement(task, worker, label, bootstrap=0, order=range(70))
    assert packed.alpha == pytest.approx(single.alpha, abs=1e-12)
    assert packed.percent == pytest.approx(single.percent, abs=1e-12)
    assert packed.tasks == single.tasks == 50


def test_one_label_only_has_no_alpha() -> None:
    result = measure([(0, 0, 1), (0, 1, 1)], bootstrap=10)
    assert (result.percent, result.alpha, result.low, result.high) == (1.0, None, None, None)


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        ([(0, 0, 1), (1, 0, 2)], {}, "No task has two judgments"),
        ([(0, 0, 1), (0, 1, 2)], {"bootstrap": -1}, "must not be negative"),
        ([(0, 0, 1), (0, 1, 2)], {"confidence": 1.0}, "between 0 and 1"),
        ([(0, 0, "a"), (0, 1, "b")], {"level": "ordinal"}, "ordinal needs labels that are numbers"),
        ([(0, 0, "nan"), (0, 1, "1")], {"level": "interval"}, "interval needs labels"),
    ],
)
def test_unfit_input_is_refused(rows: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(QualityError, match=words):
        measure(rows, **options)
