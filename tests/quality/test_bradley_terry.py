"""Scores out of comparisons."""

from __future__ import annotations

import math
import sys
from typing import Any

import evalica
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.quality import QualityError, win_probability
from evenhand.quality import bradley_terry as rank

Games = list[tuple[str, str, str]]
GAMES = st.lists(
    st.tuples(
        st.sampled_from("abcd"), st.sampled_from("abcd"), st.sampled_from(["left", "right", "tie"])
    ).filter(lambda game: game[0] != game[1]),
    min_size=1,
    max_size=25,
)


def score(games: Games, **options: Any) -> Any:
    left, right, winner = (list(column) for column in zip(*games, strict=True))
    return rank(left, right, winner, **options)


def test_by_hand() -> None:
    # a beats b 3 times of 4. Without a prior the maximum has s_a - s_b = log(3 / 1), and with
    # mean zero s_a = log(3) / 2 = 0.5493.
    games: Games = [("a", "b", "left")] * 3 + [("b", "a", "left")]
    result = score(games, regularisation=1e-9)
    assert result.scores.tolist() == pytest.approx([math.log(3) / 2, -math.log(3) / 2])
    # The likelihood's curvature in d = s_a - s_b is 4 * 3/4 * 1/4 = 3/4, hence d has variance
    # 4/3 and s_a = d / 2 has 1/3; half of a 95 % interval is 1.959964 * sqrt(1 / 3).
    assert result.high[0] - result.scores[0] == pytest.approx(1.959964 * math.sqrt(1 / 3), rel=1e-6)
    assert result.scores[0] - result.low[0] == pytest.approx(1.959964 * math.sqrt(1 / 3), rel=1e-6)
    assert (result.wins.tolist(), result.losses.tolist()) == ([3, 1], [1, 3])
    assert float(win_probability(result.scores[0], against=result.scores[1])) == pytest.approx(0.75)


def test_a_tie_is_half_a_win_for_each() -> None:
    # a: one win and two ties of 3 games = 2 of 3 points, so log(2) between the two.
    games: Games = [("a", "b", "left"), ("a", "b", "tie"), ("b", "a", "tie")]
    result = score(games, regularisation=1e-9)
    assert result.scores[0] - result.scores[1] == pytest.approx(math.log(2))
    assert result.ties.tolist() == [2, 2]
    dropped = score([*games, ("a", "b", "right")], ties="drop", regularisation=1e-9)
    assert dropped.scores.tolist() == pytest.approx([0.0, 0.0])


@given(GAMES)
@settings(max_examples=60)
def test_what_every_fit_promises(games: Games) -> None:
    result = score(games)
    assert np.isfinite(result.scores).all()
    assert abs(float(result.scores.sum())) < 1e-9
    assert (result.low < result.scores).all()
    assert (result.scores < result.high).all()
    assert int(result.wins.sum()) == int(result.losses.sum())
    assert int((result.wins + result.ties / 2).sum()) == len(games)
    # The gradient vanishes: points of an item less its expected points are the prior's pull.
    place = {name: index for index, name in enumerate(result.items.tolist())}
    surplus = -0.01 * result.scores
    for left, right, winner in games:
        points = {"left": 1.0, "tie": 0.5, "right": 0.0}[winner]
        i, j = place[left], place[right]
        chance = 1 / (1 + math.exp(result.scores[j] - result.scores[i]))
        surplus[i] += points - chance
        surplus[j] -= points - chance
    assert np.abs(surplus).max() < 1e-7
    # The sides are only names: turned around, it is the same.
    turn = {"left": "right", "right": "left", "tie": "tie"}
    turned = score([(right, left, turn[winner]) for left, right, winner in games])
    assert turned.scores.tolist() == pytest.approx(result.scores.tolist(), abs=1e-9)
    assert turned.high.tolist() == pytest.approx(result.high.tolist(), abs=1e-6)


def arena(seed: int, games: int) -> Games:
    rng = np.random.default_rng(seed)
    strength = np.linspace(-1.5, 1.5, 8)
    found: Games = []
    for _ in range(games):
        i, j = rng.choice(8, 2, replace=False)
        if rng.random() < 0.2:
            winner = "tie"
        else:
            ahead = rng.random() < 1 / (1 + math.exp(strength[j] - strength[i]))
            winner = "left" if ahead else "right"
        found.append((f"m{i}", f"m{j}", winner))
    return found


def test_same_as_evalica() -> None:
    games = arena(1, 600)
    names = {"left": evalica.Winner.X, "right": evalica.Winner.Y, "tie": evalica.Winner.Draw}
    left, right, winner = (list(column) for column in zip(*games, strict=True))
    theirs: Any = evalica.bradley_terry(
        left, right, [names[w] for w in winner], tie_weight=0.5, tolerance=1e-12, limit=100_000
    )
    # Theirs are unregularised strengths up to a factor; ours are logarithms with mean zero.
    ours = rank(left, right, winner, regularisation=1e-9)
    logs = np.log([float(theirs.scores[name]) for name in ours.items])
    assert np.abs(ours.scores - (logs - logs.mean())).max() < 1e-6
    regularised = rank(left, right, winner)
    assert np.abs(regularised.scores - ours.scores).max() < 5e-3


def test_the_interval_is_the_constrained_inverse() -> None:
    # Independent way: the pseudo-inverse of the Hessian without the prior has the constraint.
    games = arena(2, 400)
    result = score(games, regularisation=1e-9)
    place = {name: index for index, name in enumerate(result.items.tolist())}
    hessian = np.zeros((8, 8))
    for left, right, _ in games:
        i, j = place[left], place[right]
        chance = 1 / (1 + math.exp(result.scores[j] - result.scores[i]))
        row = np.zeros(8)
        row[i], row[j] = 1, -1
        hessian += chance * (1 - chance) * np.outer(row, row)
    expected = 1.959964 * np.sqrt(np.diagonal(np.linalg.pinv(hessian)))
    assert np.allclose(result.high - result.scores, expected, rtol=1e-5)


def test_the_bootstrap_is_seeded_and_near_the_analytic_interval() -> None:
    games = [game for game in arena(3, 600) if game[2] != "tie"]
    analytic = score(games)
    first = score(games, bootstrap=200, seed=1)
    ratio = (first.high - first.low) / (analytic.high - analytic.low)
    assert 0.8 < float(ratio.mean()) < 1.2
    assert score(games, bootstrap=200, seed=1).low.tolist() == first.low.tolist()
    assert score(games, bootstrap=200, seed=2).low.tolist() != first.low.tolist()


def test_undefeated_items_and_unconnected_groups_are_finite_and_wide() -> None:
    games: Games = [("a", "b", "left")] * 5 + [("c", "d", "left"), ("d", "c", "left")] * 50
    result = score(games)
    assert result.groups == 2
    widths = dict(zip(result.items.tolist(), (result.high - result.low).tolist(), strict=True))
    assert math.isfinite(result.scores[0])
    assert result.scores[0] > 1
    # Nothing but the prior, with its standard deviation of 10, holds the groups together.
    assert all(width > 15 for width in widths.values())
    assert score(arena(1, 100)).groups == 1
    chain: Games = [(f"{i:03}", f"{i + 1:03}", "tie") for i in range(100)]
    assert score(chain).groups == 1


def test_integers_name_items_too() -> None:
    result = rank([5, 9, 5], [9, 5, 9], ["left", "left", "left"])
    assert result.items.tolist() == [5, 9]
    assert (result.wins.tolist(), result.method) == ([2, 1], "bradley-terry")
    assert win_probability(0.0) == 0.5
    assert win_probability(np.array([1e4, -1e4])).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("games", "options", "words"),
    [
        ([("a", "a", "left")], {}, "Row 1 compares 'a' to itself"),
        ([("a", "b", "both")], {}, "column winner has the value 'both'"),
        ([("a", 1, "left")], {}, "both hold strings or both hold integers"),
        ([("a", "b", "left")], {"regularisation": 0.0}, "must be above zero"),
        ([("a", "b", "left")], {"confidence": 0.0}, "between 0 and 1"),
        ([("a", "b", "left")], {"bootstrap": -1}, "not negative"),
    ],
)
def test_unfit_input_is_refused(games: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(QualityError, match=words):
        score(games, **options)


@pytest.mark.parametrize(
    ("name", "words"),
    [("ITEMS_MAX", "at most 1"), ("_ITERATIONS_MAX", "did not settle in 1 steps")],
)
def test_limits_are_errors(name: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # By its name in sys.modules: the door has a function of the same name.
    monkeypatch.setattr(sys.modules["evenhand.quality.bradley_terry"], name, 1)
    with pytest.raises(QualityError, match=words):
        score(arena(1, 50))


def test_columns_must_be_as_long_as_each_other() -> None:
    with pytest.raises(QualityError, match="differ in length: 2, 1 and 1 rows"):
        rank(["a", "b"], ["b"], ["left"])
    with pytest.raises(QualityError, match="column winner is empty"):
        rank([], [], [])
