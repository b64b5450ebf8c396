"""Counting rules, by property."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.platform.errors import Invalid
from evenhand.platform.ids import new_id
from evenhand.progress.model import STATES, BatchProgress, Hour, ItemFilter, OneFilter
from evenhand.progress.rules import (
    batch_states,
    check_filter,
    first_id_at,
    judged_ids,
    merge_hours,
    next_due_s,
    parse_offset,
    parse_place,
    render_offset,
    render_place,
    sum_up,
)

UNDONE = st.dictionaries(
    st.sampled_from([state for state in STATES if state != "done"]), st.integers(0, 1000)
)
NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)


@given(total=st.integers(0, 5000), undone=UNDONE)
def test_states_add_up_to_the_total_unless_more_is_undone(
    total: int, undone: dict[str, int]
) -> None:
    counts = batch_states(total, undone)  # type: ignore[arg-type]
    assert set(counts) == set(STATES)
    assert min(counts.values()) >= 0
    assert sum(counts.values()) == max(total, sum(undone.values()))


def test_gold_is_not_part_of_what_is_to_be_labeled() -> None:
    tasks = dict.fromkeys(STATES, 1)
    label = BatchProgress(new_id(), "a", "label", 5, tasks)
    gold = BatchProgress(new_id(), "b", "gold", 5, tasks)
    snapshot = sum_up([label, gold, label], [])
    assert snapshot.tasks == dict.fromkeys(STATES, 2)
    assert [batch.name for batch in snapshot.batches] == ["a", "b", "a"]


def test_an_id_of_now_lies_at_its_bound() -> None:
    before = datetime.now(UTC)
    made = new_id()
    assert first_id_at(before) <= made < first_id_at(before + timedelta(seconds=5))


def test_kept_hours_end_where_fresh_ones_begin() -> None:
    hours = [Hour(NOW.replace(hour=hour, minute=0), hour, 1) for hour in range(6)]
    fresh = [Hour(hours[4].at, 40, 2), Hour(hours[5].at, 50, 2)]
    merged = merge_hours(hours, fresh, since=hours[4].at)
    assert [hour.judgment_count for hour in merged] == [0, 1, 2, 3, 40, 50]


@given(took_s=st.floats(0, 100))
def test_counting_takes_at_most_a_twentieth_of_the_time(took_s: float) -> None:
    wait = next_due_s(now_s=7.0, took_s=took_s) - 7.0
    assert wait >= 2.0 - 1e-9
    assert took_s <= 0.05 * wait + 1e-9


@given(share=st.floats(0, 1), item=st.uuids())
def test_a_place_comes_back_as_it_was(share: float, item: UUID) -> None:
    assert parse_place(render_place(share, item)) == (share, item)


def test_the_first_place_is_before_all() -> None:
    assert parse_place(None) == (-1.0, UUID(int=0))


@pytest.mark.parametrize("cursor", ["", "x", "0x1p+0", "0x1p+0~x", "~" + "0" * 32, "0x1p+99999~0"])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_place(cursor)
    assert refused.value.stable_code == "no_cursor"


ONE = new_id()
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "wanted",
    [
        ItemFilter(),
        ItemFilter(batch=ONE),
        ItemFilter(batch=ONE, purpose="gold"),
        ItemFilter(purpose="label"),
        ItemFilter(state="open"),
        ItemFilter(state="flagged", annotator=ONE),
        ItemFilter(annotator=ONE),
        ItemFilter(below=1.0),
        ItemFilter(annotator=ONE, below=1.0),
        ItemFilter(annotator=ONE, purpose="gold"),
        ItemFilter(batch=ONE, state="done"),
        ItemFilter(since=NOON, until=NOON + timedelta(hours=1)),
    ],
)
def test_one_condition_is_taken(wanted: ItemFilter) -> None:
    check_filter(wanted)


@pytest.mark.parametrize(
    "wanted",
    [
        ItemFilter(batch=ONE, state="leased"),
        ItemFilter(state="done", annotator=ONE),
        ItemFilter(annotator=ONE, purpose="label"),
        ItemFilter(batch=ONE, below=0.5),
        ItemFilter(annotator=ONE, since=NOON, until=NOON + timedelta(hours=1)),
        ItemFilter(purpose="gold", below=0.5),
    ],
)
def test_two_conditions_are_refused(wanted: ItemFilter) -> None:
    with pytest.raises(OneFilter):
        check_filter(wanted)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (NOON, None),
        (None, NOON),
        (NOON, NOON),
        (NOON, NOON - timedelta(hours=1)),
        (datetime.min.replace(tzinfo=UTC), NOON),
        (NOON, datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_a_stretch_of_time_has_two_ends_in_order(
    since: datetime | None, until: datetime | None
) -> None:
    with pytest.raises(Invalid):
        check_filter(ItemFilter(since=since, until=until))


def test_ids_of_a_stretch_of_time_begin_before_it_and_end_after_it() -> None:
    low, high = judged_ids(NOON, NOON)
    assert low < first_id_at(NOON) < high


@given(st.integers(0, 10**11))
def test_an_offset_comes_back_as_it_was(count: int) -> None:
    assert parse_offset(render_offset(count)) == count


def test_an_offset_is_never_beyond_what_a_list_can_hold() -> None:
    assert parse_offset(None) == 0
    assert parse_offset("f" * 32) == 10**11


@pytest.mark.parametrize("below", [0.0, -0.1, 1.1])
def test_below_is_a_share(below: float) -> None:
    with pytest.raises(Invalid):
        check_filter(ItemFilter(below=below))
