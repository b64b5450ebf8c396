"""The wall's rules: thresholds, dates, cooling-off, explained paths; a tie never opens a wall."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.conflicts import Facts, Policy, TieFact, WallDenied, check_wall, require_allowed
from evenhand.conflicts.model import DEFAULT_COOLING_OFF_DAYS, DEFAULT_THRESHOLDS
from evenhand.conflicts.rules import weigh_tie

NOW = datetime(2025, 6, 13, 15, 30, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
POLICY = Policy(
    version=1,
    cooling_off_days=DEFAULT_COOLING_OFF_DAYS,
    thresholds={kind: Fraction(text) for kind, text in DEFAULT_THRESHOLDS.items()},
    accept_possible=False,
)
LENIENT = replace(POLICY, accept_possible=True)
TIE = TieFact(
    kind="economic",
    our_name="Scale",
    rival_name="Meta",
    rival_holds=True,
    share_lo=Fraction(49, 100),
    share_hi=Fraction(49, 100),
    valid_from=None,
    valid_to=None,
    declared_on=TODAY,
)


def facts(*ties: TieFact, days: int | None = None) -> Facts:
    return Facts(epoch=1, ties=ties, days_since_rival=days)


def share(lo: Fraction | None, hi: Fraction | None) -> TieFact:
    return replace(TIE, share_lo=lo, share_hi=hi)


FIVE, LESS = Fraction(1, 20), Fraction(1, 20) - Fraction(1, 10**12)


@pytest.mark.parametrize(
    ("lo", "hi", "weight"),
    [
        (FIVE, FIVE, "certain"),
        (FIVE, None, "certain"),
        (Fraction(1), Fraction(1), "certain"),
        (LESS, LESS, "excluded"),
        (None, LESS, "excluded"),
        (Fraction(0), Fraction(0), "excluded"),
        (LESS, FIVE, "possible"),
        (None, FIVE, "possible"),
        (LESS, None, "possible"),
        (None, None, "possible"),
    ],
)
def test_a_share_is_weighed_against_the_threshold_exactly(
    lo: Fraction | None, hi: Fraction | None, weight: str
) -> None:
    assert weigh_tie(share(lo, hi), POLICY, TODAY) == weight


@pytest.mark.parametrize(
    "kind", [kind for kind, threshold in DEFAULT_THRESHOLDS.items() if threshold == "0"]
)
def test_any_personal_tie_counts_whatever_its_share(kind: str) -> None:
    for lo in (None, Fraction(0), Fraction(1)):
        assert weigh_tie(replace(TIE, kind=kind, share_lo=lo, share_hi=lo), POLICY, TODAY) == (
            "certain"
        )


def test_a_kind_that_the_policy_does_not_know_counts() -> None:
    unknown = replace(TIE, kind="new_kind", share_lo=None, share_hi=None)
    assert weigh_tie(unknown, POLICY, TODAY) == "certain"


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "weight"),
    [
        (None, None, "certain"),
        (TODAY, TODAY, "certain"),
        (TODAY - DAY, None, "certain"),
        (TODAY + DAY, None, "excluded"),
        (None, TODAY, "certain"),
        (None, TODAY - DAY, "excluded"),
        (TODAY - 9 * DAY, TODAY - DAY, "excluded"),
    ],
)
def test_a_tie_counts_on_its_days(
    valid_from: date | None, valid_to: date | None, weight: str
) -> None:
    dated = replace(TIE, valid_from=valid_from, valid_to=valid_to)
    assert weigh_tie(dated, POLICY, TODAY) == weight


@pytest.mark.parametrize(
    ("ended", "weight"),
    [
        (TODAY, "certain"),
        (TODAY - 365 * DAY, "certain"),
        (TODAY - 366 * DAY, "excluded"),
        # Without an end nobody knows when the cooling-off time began.
        (None, "certain"),
    ],
)
def test_a_former_employment_cools_off(ended: date | None, weight: str) -> None:
    former = replace(TIE, kind="former_employment", share_lo=None, share_hi=None, valid_to=ended)
    assert weigh_tie(former, POLICY, TODAY) == weight


@pytest.mark.parametrize(("days", "allowed"), [(None, True), (0, False), (365, False), (366, True)])
def test_who_saw_a_rival_waits_for_the_cooling_off_time(days: int | None, allowed: bool) -> None:
    verdict = check_wall(facts(days=days), POLICY, NOW)
    assert verdict.allowed is allowed
    if not allowed:
        assert verdict.reasons == (
            (
                f"denied: this person saw data of a rival of this customer {days} days ago;"
                " the cooling-off time is 365 days"
            ),
        )


def test_possible_is_refused_unless_the_customer_accepts_it() -> None:
    unknown = facts(share(None, None))
    refused = check_wall(unknown, POLICY, NOW)
    assert refused.reasons == (
        (
            "denied: Scale, economic held by Meta (rule direct_tie, declared 2025-06-13)"
            " (possible: the share is not known exactly), Meta is a rival of this customer"
        ),
    )
    assert check_wall(unknown, LENIENT, NOW).allowed
    # What is certain is refused all the same.
    assert not check_wall(facts(TIE), LENIENT, NOW).allowed
    assert check_wall(facts(share(LESS, LESS)), POLICY, NOW).allowed


def test_t_scale_is_denied_with_its_path() -> None:
    """specs/neutrality.md section 2, T-Scale: 49 % economic, no votes."""
    votes = replace(TIE, kind="votes", share_lo=Fraction(0), share_hi=Fraction(0))
    verdict = check_wall(facts(TIE, votes), POLICY, NOW)
    assert not verdict.allowed
    assert verdict.reasons == (
        (
            "denied: Scale, 49 % economic held by Meta (rule direct_tie, declared 2025-06-13),"
            " Meta is a rival of this customer"
        ),
    )


def test_t_scale_the_person_on_both_sides_is_denied_by_its_own_ties() -> None:
    """W: employed by Meta, formerly at Scale; the tie points from the person to the rival."""
    employed = replace(
        TIE,
        kind="employment",
        our_name="W",
        rival_holds=False,
        share_lo=None,
        share_hi=None,
    )
    verdict = check_wall(facts(employed), POLICY, NOW)
    assert verdict.reasons == (
        (
            "denied: W, employment at Meta (rule direct_tie, declared 2025-06-13), Meta is a rival"
            " of this customer"
        ),
    )


def test_an_interval_is_written_as_one() -> None:
    (reason,) = check_wall(facts(share(Fraction(1, 3), Fraction(1, 2))), POLICY, NOW).reasons
    assert "Scale, 33.33 to 50 % economic held by Meta" in reason


def test_every_reason_is_given() -> None:
    board = replace(TIE, kind="board_seat", share_lo=None, share_hi=None)
    verdict = check_wall(facts(TIE, board, days=3), POLICY, NOW)
    assert len(verdict.reasons) == 3
    with pytest.raises(WallDenied) as refused:
        require_allowed(verdict)
    assert all(reason in refused.value.detail for reason in verdict.reasons)


def test_who_has_no_tie_is_allowed() -> None:
    verdict = check_wall(facts(), POLICY, NOW)
    assert (verdict.allowed, verdict.reasons) == (True, ())
    require_allowed(verdict)


moments = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(2040, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
fractions = st.none() | st.fractions(0, 1, max_denominator=40)
days = st.none() | st.dates(date(2019, 1, 1), date(2041, 1, 1))
ties = st.builds(
    TieFact,
    kind=st.sampled_from([*DEFAULT_THRESHOLDS, "new_kind"]),
    our_name=st.just("Scale"),
    rival_name=st.just("Meta"),
    rival_holds=st.booleans(),
    share_lo=fractions,
    share_hi=fractions,
    valid_from=days,
    valid_to=days,
    declared_on=st.just(TODAY),
)
all_facts = st.builds(
    Facts,
    epoch=st.just(1),
    ties=st.lists(ties, max_size=4).map(tuple),
    days_since_rival=st.none() | st.integers(0, 800),
)
policies = st.builds(
    Policy,
    version=st.just(1),
    cooling_off_days=st.integers(0, 800),
    thresholds=st.just(POLICY.thresholds),
    accept_possible=st.booleans(),
)


@given(all_facts, ties, policies, moments, st.integers(0, 4))
def test_one_more_tie_never_turns_denied_into_allowed(
    known: Facts, tie: TieFact, policy: Policy, now: datetime, place: int
) -> None:
    more = replace(known, ties=(*known.ties[:place], tie, *known.ties[place:]))
    before, after = check_wall(known, policy, now), check_wall(more, policy, now)
    assert before.allowed or not after.allowed
    assert set(before.reasons) <= set(after.reasons)


@given(all_facts, policies, moments)
def test_a_verdict_has_reasons_exactly_when_it_denies(
    known: Facts, policy: Policy, now: datetime
) -> None:
    verdict = check_wall(known, policy, now)
    assert verdict.allowed == (not verdict.reasons)
    assert all(reason.startswith("denied: ") for reason in verdict.reasons)


@given(all_facts, policies, moments)
def test_accepting_what_is_possible_never_denies_more(
    known: Facts, policy: Policy, now: datetime
) -> None:
    strict, lenient = (replace(policy, accept_possible=choice) for choice in (False, True))
    assert check_wall(known, lenient, now).allowed or not check_wall(known, strict, now).allowed


@given(all_facts, policies, moments)
def test_a_verdict_is_trusted_until_the_next_midnight_at_the_latest(
    known: Facts, policy: Policy, now: datetime
) -> None:
    until = check_wall(known, policy, now).good_until
    assert now < until <= now + DAY
    last_moment = until - timedelta(microseconds=1)
    # No date that a verdict rests on changes before it runs out.
    assert last_moment.date() == now.date()
    assert check_wall(known, policy, last_moment).allowed == check_wall(known, policy, now).allowed
