"""The aggregation methods: values by hand, slow twins, real crowds, and what all promise."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.quality.crowd_data import load
from tests.quality.slow_models import Rows
from tests.quality.slow_models import dawid_skene as slow_dawid_skene
from tests.quality.slow_models import one_coin as slow_one_coin

from evenhand.quality import (
    ENGINE_VERSION,
    AggregateResult,
    QualityError,
    aggregate,
    confusion,
    dawid_skene,
    majority,
    methods,
    one_coin,
)

METHODS = ["default", "majority", "one_coin", "dawid_skene"]


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Rows, int]:
    """Rows over dense codes: each task, worker and class up to the largest occurs."""
    classes = draw(st.integers(2, 4))
    tasks, workers = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    base = [(t % tasks, t % workers, t % classes) for t in range(max(tasks, workers, classes))]
    row = st.tuples(
        st.integers(0, tasks - 1), st.integers(0, workers - 1), st.integers(0, classes - 1)
    )
    return base + draw(st.lists(row, max_size=20)), classes


def columns(rows: Rows) -> tuple[list[int], list[int], list[int]]:
    tasks, workers, labels = zip(*rows, strict=True)
    return list(tasks), list(workers), list(labels)


def accuracy(result: AggregateResult, truth: dict[int, int]) -> float:
    pairs = zip(result.tasks.tolist(), result.labels.tolist(), strict=True)
    return sum(truth[task] == label for task, label in pairs) / len(truth)


def test_majority_by_hand() -> None:
    # Task x: a, a, b -> shares 2/3 and 1/3. Task y: b -> 0 and 1.
    # Worker u said a on x (2/3) and b on y (1): skill 5/6. v: a on x: 2/3. w: b on x: 1/3.
    result = majority(["x", "x", "x", "y"], ["u", "v", "w", "u"], ["a", "a", "b", "b"])
    assert result.labels.tolist() == ["a", "b"]
    assert result.posteriors.tolist() == [[2 / 3, 1 / 3], [0.0, 1.0]]
    assert result.skills.tolist() == pytest.approx([5 / 6, 2 / 3, 1 / 3])
    assert result.confidences.tolist() == [2 / 3, 1.0]
    assert (result.iterations, result.converged, result.method) == (0, True, "majority")


def test_one_coin_by_hand() -> None:
    # Two tasks, two workers, classes 0 and 1. Both say 0 on task 0; on task 1 u says 0, v says 1.
    # Shares: task 0 (1, 0), task 1 (1/2, 1/2).
    # Round 1: skill u = (1 + 1/2 + 2) / (2 + 3) = 0.7, v the same. Class counts
    # 3/2 + 1 and 1/2 + 1: shares 5/8 and 3/8. Task 1: the two votes cancel, posterior = shares.
    # Task 0: 5/8 * 0.7^2 against 3/8 * 0.3^2: 0.30625 : 0.03375.
    result = one_coin([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 0, 1], iterations_max=1)
    assert result.posteriors[1].tolist() == pytest.approx([5 / 8, 3 / 8])
    assert result.posteriors[0, 0] == pytest.approx(0.30625 / 0.34)
    assert not result.converged


def test_dawid_skene_by_hand() -> None:
    # The same four judgments, pseudo-counts 1 right, 1 wrong, 1 per class. Shares as above.
    # Expected counts of u: true 0 said 0: 1 + 1/2; true 1 said 0: 1/2. With pseudo-counts
    # pi_u[0] = (2.5, 1) / 3.5 and pi_u[1] = (1.5, 1) / 2.5.
    # v: true 0 said 0: 1, said 1: 1/2; true 1 said 0: 0, said 1: 1/2. So
    # pi_v[0] = (2, 1.5) / 3.5 and pi_v[1] = (1, 1.5) / 2.5.
    # Task 1 (u: 0, v: 1): 5/8 * 2.5/3.5 * 1.5/3.5 against 3/8 * 1.5/2.5 * 1.5/2.5.
    result = dawid_skene(
        [0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 0, 1], pseudo_wrong=1.0, iterations_max=1
    )
    up, down = 5 / 8 * 2.5 / 3.5 * 1.5 / 3.5, 3 / 8 * 1.5 / 2.5 * 1.5 / 2.5
    assert result.posteriors[1, 0] == pytest.approx(up / (up + down))
    start = dawid_skene(
        [0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 0, 1], pseudo_wrong=1.0, iterations_max=0
    )
    assert start.confusions is not None
    assert start.confusions[0].tolist() == [
        pytest.approx([2.5 / 3.5, 1 / 3.5]),
        pytest.approx([1.5 / 2.5, 1 / 2.5]),
    ]
    # Skill of u: right on class 0 with 5/7, on class 1 with 2/5, at shares 5/8 and 3/8.
    assert start.skills[0] == pytest.approx(5 / 8 * 5 / 7 + 3 / 8 * 2 / 5)


def test_the_default_is_the_mean_of_its_models() -> None:
    task, worker, label, _ = load("music")
    result = aggregate(task, worker, label)
    parts = [aggregate(task, worker, label, method=name) for name in ("one_coin", "dawid_skene")]
    mean = (parts[0].posteriors + parts[1].posteriors) / 2
    assert np.abs(result.posteriors - mean).max() < 1e-12
    assert result.iterations == parts[0].iterations + parts[1].iterations
    assert set(result.parameters) == {"one_coin", "dawid_skene", "ties", "seed"}


@given(crowds(), st.integers(1, 4))
def test_dawid_skene_equals_its_slow_twin(crowd: tuple[Rows, int], rounds: int) -> None:
    rows, classes = crowd
    fast = dawid_skene(*columns(rows), iterations_max=rounds, tolerance=-math.inf)
    slow = slow_dawid_skene(rows, classes, right=1.0, wrong=0.1, pseudo=1.0, rounds=rounds)
    assert fast.iterations == rounds
    assert np.abs(fast.posteriors - np.array(slow)).max() < 1e-9


@given(crowds(), st.integers(1, 4))
def test_one_coin_equals_its_slow_twin(crowd: tuple[Rows, int], rounds: int) -> None:
    rows, classes = crowd
    fast = one_coin(*columns(rows), iterations_max=rounds, tolerance=-math.inf)
    slow = slow_one_coin(rows, classes, rounds=rounds)
    assert np.abs(fast.posteriors - np.array(slow)).max() < 1e-9


@settings(max_examples=50)
@given(crowds(), st.sampled_from(METHODS), st.randoms())
def test_what_every_method_promises(crowd: tuple[Rows, int], method: str, random: Any) -> None:
    rows, classes = crowd
    result = aggregate(*columns(rows), method=method)
    assert np.allclose(result.posteriors.sum(axis=1), 1.0)
    assert ((result.posteriors >= 0) & (result.posteriors <= 1)).all()
    assert ((result.skills >= 0) & (result.skills <= 1)).all()
    assert result.confusions is not None
    assert result.confusions.shape == (len(result.workers), classes, classes)
    assert np.allclose(result.confusions.sum(axis=2), 1.0)
    best = result.posteriors.max(axis=1)
    assert (result.confidences >= best - 1e-9).all()
    assert result.labels.tolist() == result.classes[result.label_codes].tolist()
    assert result.converged
    shuffled = list(rows)
    random.shuffle(shuffled)
    again = aggregate(*columns(shuffled), method=method)
    assert again.posteriors.tobytes() == result.posteriors.tobytes()
    assert again.labels.tolist() == result.labels.tolist()
    assert again.input_hash == result.input_hash


def log_posterior(rows: Rows, result: AggregateResult) -> float:
    """Of the parameters that a Dawid-Skene result holds, up to a constant."""
    tables: Any = result.confusions
    classes = len(result.classes)
    totals = result.posteriors.sum(axis=0) + 1.0
    shares = totals / totals.sum()
    joint = np.tile(shares, (len(result.tasks), 1))
    for task, worker, label in rows:
        joint[task] *= tables[worker, :, label]
    pseudo = np.full((classes, classes), 0.1) + 0.9 * np.eye(classes)
    prior = (pseudo * np.log(tables)).sum() + np.log(shares).sum()
    return float(np.log(joint.sum(axis=1)).sum() + prior)


@settings(max_examples=30)
@given(crowds())
def test_em_never_lowers_the_log_posterior(crowd: tuple[Rows, int]) -> None:
    rows, _ = crowd
    values = [
        log_posterior(rows, dawid_skene(*columns(rows), iterations_max=n, tolerance=-math.inf))
        for n in range(6)
    ]
    assert all(later >= earlier - 1e-9 for earlier, later in itertools.pairwise(values))


@pytest.mark.parametrize("method", [one_coin, dawid_skene])
def test_stopping_earlier_changes_next_to_nothing(method: Any) -> None:
    task, worker, label, _ = load("music")
    short = method(task, worker, label)
    long = method(task, worker, label, tolerance=1e-12, iterations_max=1000)
    assert short.converged
    assert long.converged
    assert long.iterations > short.iterations
    assert np.mean(short.label_codes == long.label_codes) > 0.98


@pytest.mark.parametrize(
    ("data", "method", "least"),
    [
        # specs/quality.md and our own measurement; ties cost up to a point.
        ("music", "majority", 0.70),
        ("music", "one_coin", 0.785),
        ("music", "dawid_skene", 0.775),
        ("music", "default", 0.785),
        ("sp_amt", "majority", 0.94),
        ("sp_amt", "one_coin", 0.94),
        ("sp_amt", "dawid_skene", 0.94),
        ("sp_amt", "default", 0.94),
    ],
)
def test_accuracy_on_real_crowds(data: str, method: str, least: float) -> None:
    task, worker, label, truth = load(data)
    result = aggregate(task, worker, label, method=method)
    assert accuracy(result, truth) >= least


def test_skills_find_the_good_and_the_bad() -> None:
    # Nine workers of known skill on 300 tasks with 3 classes.
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 3, 300)
    skills = np.linspace(0.2, 0.95, 9)
    rows = [
        (
            t,
            w,
            int(truth[t]) if rng.random() < skills[w] else int((truth[t] + rng.integers(1, 3)) % 3),
        )
        for t in range(300)
        for w in range(9)
    ]
    for method in METHODS[:1] + METHODS[2:]:
        result = aggregate(*columns(rows), method=method)
        assert np.abs(result.skills - skills).max() < 0.08
        assert np.mean(result.labels == truth) > 0.9


def test_ties_follow_the_stated_rule() -> None:
    task = [t for t in range(400) for _ in range(2)]
    worker = [0, 1] * 400
    label = ["a", "b"] * 400
    assert set(majority(task, worker, label).labels) == {"a"}
    drawn = majority(task, worker, label, ties="drawn")
    share = np.mean(drawn.labels == "a")
    # 400 fair draws: 0.5 with a standard deviation of 0.025.
    assert 0.4 < share < 0.6
    again = majority(task, worker, label, ties="drawn")
    assert drawn.labels.tolist() == again.labels.tolist()
    other = majority(task, worker, label, ties="drawn", seed=1)
    assert drawn.labels.tolist() != other.labels.tolist()
    three = majority([0, 0, 0, 0, 0], [0] * 5, ["a", "b", "b", "c", "c"], ties="drawn")
    assert three.labels[0] in {"b", "c"}


def test_given_classes_fix_the_order_and_allow_unanimity() -> None:
    result = aggregate([0, 1], [0, 0], ["tie", "tie"], classes=("left", "right", "tie"))
    assert result.classes.tolist() == ["left", "right", "tie"]
    assert result.labels.tolist() == ["tie", "tie"]
    assert result.posteriors.shape == (2, 3)


def test_results_cannot_be_changed_and_say_where_they_come_from() -> None:
    result = aggregate([0, 1], [0, 0], ["a", "b"], seed=3)
    with pytest.raises(ValueError, match="read-only"):
        result.posteriors[0, 0] = 1.0
    with pytest.raises(AttributeError):
        result.method = "another"  # type: ignore[misc]
    assert result.version == ENGINE_VERSION
    assert result.parameters["seed"] == 3
    assert len(result.input_hash) == 64
    assert aggregate([0, 1], [0, 0], ["a", "c"]).input_hash != result.input_hash
    assert aggregate(["0", "1"], [0, 0], ["a", "b"]).input_hash != result.input_hash


@pytest.mark.parametrize(
    ("task", "worker", "label", "words"),
    [
        ([], [], [], "The column task is empty"),
        ([1, 2], [1], ["a", "b"], "differ in length: 2, 1 and 2 rows"),
        ([1, 2], [1, 1], ["a", "a"], "All judgments give the label 'a'"),
        ([1, -2], [1, 1], ["a", "b"], "negative code -2"),
        ([1, 2], [1, 1], [1, math.nan], "column label has a missing value"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_unfit_input_is_refused(
    task: list[int], worker: list[int], label: list[Any], words: str, method: str
) -> None:
    with pytest.raises(QualityError, match=words):
        aggregate(task, worker, label, method=method)


def test_methods_and_pseudo_counts_are_checked() -> None:
    assert list(methods()) == METHODS
    with pytest.raises(QualityError, match="no method 'glad'; there are default, majority"):
        aggregate([0], [0], [0], method="glad")
    with pytest.raises(QualityError, match="must be above zero"):
        dawid_skene([0, 1], [0, 0], [0, 1], pseudo_wrong=0.0)


def test_tables_that_would_not_fit_are_refused_or_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confusion, "CELLS_MAX", 7)
    rows = [0, 0, 1], [0, 1, 0], [0, 0, 1]
    # 2 tasks and 2 classes fit into 7 cells, 2 workers with tables of 4 do not.
    with pytest.raises(QualityError, match="2 workers and 2 classes would need"):
        dawid_skene(*rows)
    for method in ("majority", "one_coin", "default"):
        assert aggregate(*rows, method=method).confusions is None
    alone = aggregate(*rows)
    assert "dawid_skene" not in alone.parameters
    assert alone.skills.tolist() == one_coin(*rows).skills.tolist()
    monkeypatch.setattr(confusion, "CELLS_MAX", 3)
    with pytest.raises(QualityError, match="2 tasks and 2 classes would need"):
        majority(*rows)
