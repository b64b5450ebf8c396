"""From judgments to results, with every number derived by hand."""

from __future__ import annotations

import math
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.consensus.rules import Aggregated, Judged, aggregate_judgments
from evenhand.consensus.standings import PIECE_COUNT, pack_items, unpack_items
from evenhand.quality import QualityError

LABELS = ("left", "right", "tie")


def judged(*rows: tuple[str, str, str]) -> list[Judged]:
    return [
        Judged(item, annotator, {"choice": choice, "order": "given"})
        for item, annotator, choice in rows
    ]


def aggregated(
    rows: list[Judged], method: str = "majority", **sides: tuple[str, str]
) -> Aggregated:
    return aggregate_judgments(
        "pairwise",
        {},
        rows,
        method=method,
        sides={item: {"left": left, "right": right} for item, (left, right) in sides.items()},
    )


# Three people on two items, one on a third:
#   i1: left, left, right   i2: tie, tie, tie   i3: right
ROWS = judged(
    ("i1", "ann", "left"),
    ("i1", "bob", "left"),
    ("i1", "cem", "right"),
    ("i2", "ann", "tie"),
    ("i2", "bob", "tie"),
    ("i2", "cem", "tie"),
    ("i3", "ann", "right"),
)


def test_majority_counts_votes() -> None:
    found = aggregated(ROWS)
    assert found.results == {
        "i1": {
            "label": "left",
            "confidence": 0.666667,
            "majority": "left",
            "votes": {"left": 2, "right": 1},
        },
        "i2": {"label": "tie", "confidence": 1.0, "majority": "tie", "votes": {"tie": 3}},
        "i3": {"label": "right", "confidence": 1.0, "majority": "right", "votes": {"right": 1}},
    }


def test_items_stand_behind_each_name_by_outcome() -> None:
    """On i1 a wins twice and loses once, so i1 is won and lost; i2 is tied; i3 has no names."""
    found = aggregated(ROWS, i1=("a", "b"), i2=("b", "a"))
    assert found.ranking is not None
    behind = dict(zip([row["name"] for row in found.ranking], found.standings, strict=True))
    assert behind == {
        name: {"any": ["i1", "i2"], "won": ["i1"], "lost": ["i1"], "tied": ["i2"]}
        for name in ("a", "b")
    }
    assert aggregated(ROWS).standings == []
    one_sided = aggregated(judged(("i1", "ann", "right")), i1=("a", "b"))
    assert one_sided.standings == [
        {"any": ["i1"], "won": ["i1"]},
        {"any": ["i1"], "lost": ["i1"]},
    ]


@given(st.lists(st.uuids(), unique=True, max_size=40), st.integers(0, 2500))
def test_pieces_say_what_was_packed_and_little_by_their_length(some: list[UUID], more: int) -> None:
    ids = sorted([one for one in some if one.int], key=lambda one: one.int)
    ids += [UUID(int=(1 << 127) + number) for number in range(more)]
    pieces = pack_items(ids)
    assert [one for piece in pieces for one in unpack_items(piece)] == ids
    assert len(pieces) == math.ceil(len(ids) / PIECE_COUNT)
    assert {len(piece) for piece in pieces} <= {16 << power for power in range(4, 11)}


def test_a_skill_comes_with_its_number_of_judgments() -> None:
    found = aggregated(ROWS)
    assert {who: count for who, (count, _) in found.skills.items()} == {
        "ann": 3,
        "bob": 2,
        "cem": 2,
    }
    # ann and bob always agree with the majority, cem in one of two.
    assert found.skills["ann"][1] > found.skills["cem"][1]
    assert all(0 <= skill <= 1 for _, skill in found.skills.values())


def test_the_summary_counts_and_agrees() -> None:
    """Pairs on i1: one of three agrees; on i2: three of three; i3 has one judgment, no pair.

    Percent agreement: mean over items of 1/3 and 1 = 2/3 (equal to 4 of 6 pairs).
    Nominal alpha (Krippendorff 2004, coincidences from i1 and i2): n = 6, left 2, right 1, tie 3;
    observed disagreement: i1's 2 of 3 pairs differ, each weighs 2/(3 - 1) = 1 in both directions:
    D_o = (3 - 1) * ... = 2/6 = 1/3; D_e = 1 - (2*1 + 1*0 + 3*2)/(6*5) = 22/30;
    alpha = 1 - (1/3)/(22/30) = 6/11.
    """
    summary = aggregated(ROWS).summary
    assert summary["judgments"] == 7
    assert summary["items"] == 3
    assert summary["annotators"] == 3
    assert summary["labels"] == {"left": 2, "right": 2, "tie": 3}
    assert summary["percent_agreement"] == pytest.approx(2 / 3, abs=1e-6)
    assert summary["alpha"] == pytest.approx(6 / 11, abs=1e-6)
    assert summary["differs_from_majority"] == 0
    assert summary["judgments_without_names"] == 7


def test_without_a_second_judgment_there_is_no_agreement() -> None:
    found = aggregated(judged(("i1", "ann", "left"), ("i2", "bob", "tie")))
    assert found.results["i1"]["label"] == "left"
    for name in ("percent_agreement", "alpha", "alpha_low", "alpha_high"):
        assert found.summary[name] is None, name


def test_where_all_say_the_same_alpha_is_not_defined() -> None:
    found = aggregated(judged(("i1", "ann", "left"), ("i1", "bob", "left")))
    assert found.summary["percent_agreement"] == 1.0
    assert found.summary["alpha"] is None


def test_where_a_method_differs_from_the_majority_is_counted() -> None:
    """Ann is right on many items that bob and cem confirm one after the other; on the last one
    two people who always err alike outvote her.
    """
    rows: list[tuple[str, str, str]] = []
    for number in range(30):
        choice = LABELS[number % 3]
        wrong = LABELS[(number + 1) % 3]
        rows += [(f"i{number}", who, choice) for who in ("ann", "bob", "cem")]
        rows += [(f"i{number}", who, wrong) for who in ("dan", "eve")]
    rows += [("last", "ann", "left"), ("last", "dan", "right"), ("last", "eve", "right")]
    found = aggregated(judged(*rows), "dawid_skene")
    assert found.results["last"]["majority"] == "right"
    assert found.results["last"]["label"] == "left"
    assert found.summary["differs_from_majority"] == 1
    plain = aggregated(judged(*rows))
    assert plain.results["last"]["label"] == "right"
    assert plain.summary["differs_from_majority"] == 0
    assert plain.input_hash == found.input_hash


def test_a_ranking_of_two_is_the_log_odds_of_their_wins() -> None:
    """Three of four for a against b: s_a - s_b is near log 3 (the prior pulls it in a little)."""
    found = aggregated(
        judged(
            ("i1", "ann", "left"),
            ("i1", "bob", "left"),
            ("i2", "ann", "right"),
            ("i2", "bob", "left"),
        ),
        i1=("a", "b"),
        i2=("b", "a"),
    )
    assert found.ranking is not None
    first, second = found.ranking
    assert (first["rank"], first["name"]) == (1, "a")
    assert (second["rank"], second["name"]) == (2, "b")
    assert (first["wins"], first["losses"], first["ties"]) == (3, 1, 0)
    assert (second["wins"], second["losses"], second["ties"]) == (1, 3, 0)
    score = first["score"]
    assert isinstance(score, float)
    assert 2 * score == pytest.approx(math.log(3), abs=0.02)
    assert second["score"] == pytest.approx(-score, abs=1e-6)
    # Against the average item (score 0): 1 / (1 + exp(-s)).
    assert first["win_probability"] == pytest.approx(1 / (1 + math.exp(-score)), abs=1e-6)


def test_a_tie_is_half_a_win_for_each() -> None:
    """One win each and two ties: equal scores."""
    found = aggregated(
        judged(
            ("i1", "ann", "left"),
            ("i1", "bob", "right"),
            ("i1", "cem", "tie"),
            ("i2", "ann", "tie"),
        ),
        i1=("a", "b"),
        i2=("a", "b"),
    )
    assert found.ranking is not None
    assert [(row["wins"], row["losses"], row["ties"]) for row in found.ranking] == [(1, 1, 2)] * 2
    assert [row["score"] for row in found.ranking] == pytest.approx([0, 0], abs=1e-6)
    assert [row["win_probability"] for row in found.ranking] == pytest.approx([0.5, 0.5], abs=1e-6)


def test_items_without_names_are_left_out_of_the_ranking_and_counted() -> None:
    found = aggregated(ROWS, i1=("a", "b"))
    assert found.summary["judgments_without_names"] == 4
    assert found.ranking is not None
    # Only i1's three judgments: a wins two, b one.
    assert {row["name"]: row["wins"] for row in found.ranking} == {"a": 2, "b": 1}
    assert set(found.results) == {"i1", "i2", "i3"}


def test_without_any_names_there_is_no_ranking() -> None:
    found = aggregated(ROWS)
    assert found.ranking is None
    assert found.summary["judgments_without_names"] == len(ROWS)


def test_nothing_cannot_be_aggregated() -> None:
    with pytest.raises(QualityError):
        aggregated([])


@given(
    st.lists(
        st.tuples(st.sampled_from("pqr"), st.sampled_from("xyz"), st.sampled_from(LABELS)),
        min_size=1,
        max_size=9,
        unique_by=lambda row: row[:2],
    )
)
def test_every_judgment_is_counted_once(rows: list[tuple[str, str, str]]) -> None:
    found = aggregated(judged(*rows), p=("a", "b"), q=("b", "c"))
    assert sum(count for count, _ in found.skills.values()) == len(rows)
    assert set(found.results) == {item for item, _, _ in rows}
    for item, result in found.results.items():
        votes = result["votes"]
        assert isinstance(votes, dict)
        assert sum(votes.values()) == sum(1 for row in rows if row[0] == item)
        assert votes[result["majority"]] == max(votes.values())
    unnamed = sum(1 for item, _, _ in rows if item == "r")
    assert found.summary["judgments_without_names"] == unnamed
    compared = 0 if found.ranking is None else sum(row["wins"] for row in found.ranking)  # type: ignore[misc]
    ties = sum(1 for item, _, choice in rows if item != "r" and choice == "tie")
    assert compared + ties == len(rows) - unnamed
