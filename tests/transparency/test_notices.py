"""Notices: what is rendered is read back, and nothing else is believed."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from evenhand.platform.db import Database
from evenhand.transparency.notices import Notice, parse_notice, render_notice


def database_with(key: bytes) -> Database:
    db = Database(None, {}, None, None)  # type: ignore[arg-type]
    db._notice_key = key
    return db


OURS, THEIRS = database_with(b"k" * 32), database_with(b"x" * 32)
notices = st.builds(
    Notice,
    st.uuids(),
    st.integers(0, 2**40),
    st.lists(st.integers(1, 2**50), min_size=1, max_size=600, unique=True).map(sorted),
)


@given(notices)
def test_a_notice_is_read_back_or_says_only_where_to_look(notice: Notice) -> None:
    text = render_notice(notice, OURS.sign_notice)
    assert text.isascii()
    assert len(text) < 8000
    read = parse_notice(text, OURS.read_notice)
    assert read is not None
    assert read.workspace == notice.workspace
    if read.intents:
        assert (read.first, list(read.intents)) == (notice.first, list(notice.intents))
    else:
        assert len(notice.intents) > 400


def test_places_follow_each_other_in_the_grown_tree() -> None:
    places = Notice(UUID(int=1), 7, [3, 5, 9]).places()
    assert {i: (place.index, place.size) for i, place in places.items()} == {
        3: (7, 10),
        5: (8, 10),
        9: (9, 10),
    }


@given(notices, st.integers(0, 10_000), st.characters())
def test_a_changed_notice_is_nobodys(notice: Notice, at: int, put: str) -> None:
    text = render_notice(notice, OURS.sign_notice)
    at %= len(text)
    changed = text[:at] + put + text[at + 1 :]
    assert changed == text or parse_notice(changed, OURS.read_notice) is None
    assert parse_notice(text, THEIRS.read_notice) is None


@given(st.text())
def test_any_text_is_taken_without_an_error(text: str) -> None:
    assert parse_notice(text, OURS.read_notice) is None
