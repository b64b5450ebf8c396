import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.tlog import naive

from evenhand.receipts import (
    KINDS,
    Leaf,
    LeafError,
    blind,
    commit,
    merkle_root,
    open_details,
    parse_leaf,
    seal_leaf,
)

KEY = bytes(range(32))
NONCE = bytes(range(12))
AT = datetime(2026, 11, 24, 3, 45, 17, 123456, tzinfo=UTC)
POLICY = "sha256:" + "0f" * 32
LEAF = seal_leaf(
    kind="payload.released/1",
    at=AT,
    partition=b"p" * 16,
    commitments=[b"c" * 32, b"d" * 32],
    policy=POLICY,
    details={"purpose": "annotate", "actor": "Zoë\n", "count": 3},
    log_key=KEY,
    nonce=NONCE,
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
LEAVES = st.builds(
    Leaf,
    kind=st.from_regex(r"\A[a-z][a-z0-9_]{0,9}\.[a-z]{1,9}/[1-9][0-9]{0,2}\Z"),
    at=st.datetimes(timezones=st.just(UTC)),
    partition=st.none() | st.binary(min_size=16, max_size=16),
    commitments=st.lists(st.binary(min_size=32, max_size=32), max_size=4).map(tuple),
    policy=st.binary(min_size=32, max_size=32).map(lambda digest: f"sha256:{digest.hex()}"),
    details=st.binary(min_size=28, max_size=99),
)


@settings(deadline=None)
@given(LEAVES)
def test_leaf_comes_back(leaf: Leaf) -> None:
    entry = leaf.render()
    assert parse_leaf(entry) == leaf
    assert parse_leaf(entry).render() == entry


@settings(deadline=None)
@given(LEAVES)
def test_the_hand_built_json_is_the_canonical_one(leaf: Leaf) -> None:
    fields = json.loads(leaf.render())
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    assert canonical.encode() == leaf.render()
    del fields["details"]
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    assert canonical.encode() == leaf.associated_data


@settings(deadline=None)
@given(LEAVES, LEAVES)
def test_two_leaves_never_share_bytes(one: Leaf, other: Leaf) -> None:
    assert (one == other) == (one.render() == other.render())


def test_the_leaf_of_the_specification() -> None:
    entry = LEAF.render().decode()
    assert re.sub('"details":"[^"]*"', '"details":""', entry) == (
        '{"commitments":["Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M=",'
        '"ZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGQ="],"details":"","kind":"payload.released/1",'
        '"partition":"cHBwcHBwcHBwcHBwcHBwcA==","policy":"' + POLICY + '",'
        '"time":"2026-11-24T03:45:17.123456Z","v":1}'
    )
    assert replace(LEAF, partition=None).render().count(b'"partition":null') == 1
    whole_second = replace(LEAF, at=AT.replace(microsecond=0))
    assert b'"2026-11-24T03:45:17.000000Z"' in whole_second.render()


@settings(deadline=None)
@given(st.dictionaries(st.text(), JSON_VALUES, max_size=4))
def test_details_come_back(details: dict[str, object]) -> None:
    leaf = seal_leaf(
        kind="payload.released/1",
        at=AT,
        partition=None,
        commitments=[],
        policy=POLICY,
        details=details,
        log_key=KEY,
        nonce=NONCE,
    )
    assert open_details(parse_leaf(leaf.render()), KEY) == details
    assert leaf.details[:12] == NONCE


@pytest.mark.parametrize(
    "other",
    [
        replace(LEAF, kind="payload.denied/1"),
        replace(LEAF, at=AT + timedelta(microseconds=1)),
        replace(LEAF, partition=None),
        replace(LEAF, commitments=LEAF.commitments[::-1]),
        replace(LEAF, policy="sha256:" + "0e" * 32),
        replace(LEAF, details=LEAF.details[:-1] + bytes([LEAF.details[-1] ^ 1])),
        replace(LEAF, details=b"x" + LEAF.details[1:]),
    ],
)
def test_details_open_in_their_own_leaf_only(other: Leaf) -> None:
    assert open_details(LEAF, KEY) == {"purpose": "annotate", "actor": "Zoë\n", "count": 3}
    with pytest.raises(LeafError, match="do not open"):
        open_details(other, KEY)


def test_details_need_the_key() -> None:
    with pytest.raises(LeafError, match="do not open"):
        open_details(LEAF, KEY[::-1])
    with pytest.raises(LeafError, match="32 bytes"):
        open_details(LEAF, KEY[:16])


@pytest.mark.parametrize(
    ("plaintext", "message"),
    [(b"[]", "not a JSON object"), (b"{", "not JSON"), (b"[" * 99_999, "not JSON")],
)
def test_details_that_are_no_object(plaintext: bytes, message: str) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sealed = AESGCM(KEY).encrypt(NONCE, plaintext, LEAF.associated_data)
    with pytest.raises(LeafError, match=message):
        open_details(replace(LEAF, details=NONCE + sealed), KEY)


@pytest.mark.parametrize(
    "change",
    [
        {"details": {"a": float("nan")}},
        {"details": {"a": b"bytes"}},
        {"log_key": KEY[:16]},
        {"nonce": NONCE + b"x"},
        {"kind": "payload"},
    ],
)
def test_what_cannot_be_sealed(change: dict[str, Any]) -> None:
    fields: dict[str, Any] = {
        "kind": "payload.released/1",
        "at": AT,
        "partition": None,
        "commitments": [],
        "policy": POLICY,
        "details": {},
        "log_key": KEY,
        "nonce": NONCE,
    }
    with pytest.raises(LeafError):
        seal_leaf(**{**fields, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "Payload.released/1"},
        {"kind": "payload.released"},
        {"kind": "payload.released/0"},
        {"kind": "payload.released/1\n"},
        {"kind": 'a.b/1","x":"'},
        {"at": AT.replace(tzinfo=None)},
        {"at": AT.astimezone(timezone(timedelta(hours=1)))},
        {"partition": b""},
        {"partition": b"p" * 17},
        {"commitments": (b"c" * 31,)},
        {"policy": "sha256:" + "0F" * 32},
        {"policy": "sha512:" + "0f" * 32},
        {"details": b"x" * 27},
    ],
)
def test_values_of_another_shape_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(LeafError):
        replace(LEAF, **change)


def test_a_leaf_fits_into_a_bundle() -> None:
    with pytest.raises(LeafError, match="more than 65535"):
        replace(LEAF, details=b"x" * 60_000).render()


ENTRY = LEAF.render()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"[" * 50_000, "not JSON"),
        (ENTRY + b"\n", "not written canonically"),
        (b" " + ENTRY, "not written canonically"),
        (ENTRY.replace(b":", b": ", 1), "not written canonically"),
        (ENTRY.replace(b"payload", rb"p\u0061yload"), "not written canonically"),
        (ENTRY.replace(b".123456Z", b".123456+00:00"), "not written canonically"),
        (ENTRY.replace(b".123456Z", b".123456"), "not written canonically"),
        (ENTRY.replace(b".123456Z", b".12345Z"), "Invalid|canonically"),
        (ENTRY.replace(b"2026-11", b"2026-13"), "month"),
        (ENTRY.replace(b"2026-11-24T03:45:17.123456Z", b"0001-01-01T00:00:00+23:00"), "."),
        (ENTRY.replace(b'"v":1', b'"v":1.0'), "not written canonically"),
        (ENTRY.replace(b'"v":1', b'"v":true'), "not written canonically"),
        (ENTRY.replace(b'"v":1', b'"v":2'), "version 2"),
        (ENTRY.replace(b'"v":1', b'"v":1,"v":1'), "a key twice"),
        (ENTRY.replace(b'"v":1', b'"v":1,"w":1'), "unknown key 'w'"),
        (ENTRY.replace(b'"v":1', b'"w":1'), "no 'v'"),
        (ENTRY.replace(b'"kind":"payload.released/1"', b'"kind":7'), "'kind' is not a string"),
        (ENTRY.replace(b"cA==", b"cB=="), "'partition' is not canonical base64"),
        (re.sub(rb'"commitments":\[.*?\]', b'"commitments":{}', ENTRY), "not a list"),
        (re.sub(rb'"commitments":\[.*?\]', b'"commitments":[1]', ENTRY), "not a string"),
        (ENTRY.replace(b"payload", "páyload".encode()), "ASCII"),
    ],
)
def test_other_bytes_are_no_leaf(entry: bytes, message: str) -> None:
    with pytest.raises(LeafError, match=message):
        parse_leaf(entry)


PARTS = st.lists(st.binary(max_size=4), max_size=4)


@settings(deadline=None)
@given(st.binary(min_size=16, max_size=18), PARTS, st.binary(min_size=16, max_size=18), PARTS)
def test_commitments_are_injective(
    salt: bytes, parts: list[bytes], salt2: bytes, parts2: list[bytes]
) -> None:
    assume((salt, parts) != (salt2, parts2))
    assert commit(salt, *parts) != commit(salt2, *parts2)
    assert blind(salt, *parts) != blind(salt2, *parts2) or salt != salt2


def test_boundaries_between_parts_count() -> None:
    salt = b"s" * 16
    assert commit(salt, b"ab", b"c") != commit(salt, b"a", b"bc")
    assert commit(salt, b"") != commit(salt)
    assert commit(salt, b"a") != commit(salt + b"a")
    assert blind(salt, b"ab", b"c") != blind(salt, b"a", b"bc")
    assert (len(commit(salt)), len(blind(salt))) == (32, 16)


def test_encodings_that_must_never_change() -> None:
    # Computed with openssl from the bytes that the docstrings describe.
    assert commit(b"s" * 16, b"a").hex() == COMMITMENT
    assert blind(b"k" * 16, b"a").hex() == PARTITION


COMMITMENT = "c6da9aea3b4b0d370a1c717893b9add78ad9255e79867f008a23a1bddb66a616"
PARTITION = "3be6bbcc513478b799fed5033dfdc51a"


def test_short_salts_and_keys_are_refused() -> None:
    with pytest.raises(LeafError, match="at least 16"):
        commit(b"s" * 15, b"a")
    with pytest.raises(LeafError, match="at least 16"):
        blind(b"k" * 15, b"a")


@settings(deadline=None)
@given(st.lists(st.binary(max_size=16), max_size=40))
def test_merkle_root_of_ids(ids: list[bytes]) -> None:
    assert merkle_root(iter(ids)) == naive.root(ids)


def test_kinds_are_writable() -> None:
    for kind in KINDS:
        assert replace(LEAF, kind=kind).kind == kind
