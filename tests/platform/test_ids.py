"""Ids, secrets, time, pages and settings: the small services of the ground floor."""

from __future__ import annotations

import time
from datetime import UTC
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.platform.clock import utc_now
from evenhand.platform.errors import Conflict, EvenhandError, Expired, Invalid, NotFound, Problem
from evenhand.platform.ids import new_id, new_ids, new_secret, random_bytes
from evenhand.platform.paging import FIRST, LIMIT_MAX, page_of, parse_cursor, parse_limit
from evenhand.platform.settings import Settings, default_data_dir


def test_an_id_is_a_uuid_of_version_7() -> None:
    before = time.time_ns() // 1_000_000
    one = new_id()
    after = time.time_ns() // 1_000_000
    assert (one.version, one.variant) == (7, "specified in RFC 4122")
    assert before <= one.int >> 80 <= after


@given(st.integers(0, 9000))
def test_a_batch_of_ids_is_sorted_and_unique(count: int) -> None:
    ids = list(new_ids(count))
    assert len(ids) == count
    assert ids == sorted(set(ids))
    assert all(one.version == 7 for one in ids)


def test_later_ids_are_larger() -> None:
    first = new_id()
    time.sleep(0.002)
    assert new_id() > first


def test_secrets_are_long_and_new_each_time() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {len(one) for one in made} == {43}
    assert len(random_bytes(12)) == 12
    assert random_bytes(12) != random_bytes(12)


def test_now_is_in_utc() -> None:
    assert utc_now().tzinfo is UTC


@given(st.uuids())
def test_a_cursor_is_the_id_it_was_made_of(one: UUID) -> None:
    rows = [one, UUID(int=2)]
    page = page_of(rows, 1, render=str, id_of=lambda row: row)
    assert page == {"items": [str(one)], "next_cursor": one.hex}
    assert parse_cursor(one.hex) == one


def test_a_last_page_has_no_cursor() -> None:
    page = page_of([FIRST], 1, render=str, id_of=lambda row: row)
    assert page["next_cursor"] is None
    assert page_of([], 5, render=str, id_of=lambda row: row) == {"items": [], "next_cursor": None}
    assert parse_cursor(None) == FIRST


@pytest.mark.parametrize("cursor", ["", "x", "0" * 31, "' OR 1=1", "0" * 33])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_cursor(cursor)
    assert refused.value.stable_code == "no_cursor"


@pytest.mark.parametrize("limit", [0, -1, LIMIT_MAX + 1, 10**9])
def test_a_page_has_a_bounded_length(limit: int) -> None:
    with pytest.raises(Invalid) as refused:
        parse_limit(limit)
    assert refused.value.stable_code == "no_limit"
    assert parse_limit(LIMIT_MAX) == LIMIT_MAX


def test_the_folders_follow_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path)
    assert settings.keys_dir == tmp_path / "keys"
    assert settings.logs_dir == tmp_path / "logs"
    assert settings.known_logs_dir == tmp_path / "known-logs"
    monkeypatch.setenv("EVENHAND_DATA", str(tmp_path))
    assert default_data_dir() == tmp_path
    monkeypatch.delenv("EVENHAND_DATA")
    assert default_data_dir().name == "evenhand"


def test_a_refusal_carries_its_code_and_its_places() -> None:
    plain = NotFound("No such thing.")
    assert (plain.stable_code, plain.detail, plain.problems) == ("not_found", "No such thing.", ())
    places = (Problem("/a", "is wrong"),)
    named = Conflict("It moved.", code="moved_on", problems=places)
    assert (named.stable_code, named.problems) == ("moved_on", places)
    assert issubclass(Expired, Conflict)
    assert issubclass(Conflict, EvenhandError)
