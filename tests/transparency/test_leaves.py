"""From an intent to a leaf: what it says openly, what only the log's key opens."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from evenhand.receipts import commit, open_details, parse_leaf
from evenhand.tlog import Signer
from evenhand.transparency import derive_keys, partition_of
from evenhand.transparency.leaves import SALT_AND_NONCE_BYTES, leaf_of

KEYS = derive_keys(Signer(name="example.org/log", seed=bytes(32)), bytes(range(32)))
OTHER = derive_keys(Signer(name="example.org/log", seed=bytes(32)), bytes(32))

maybe_ids = st.none() | st.uuids()
rows = st.fixed_dictionaries(
    {
        "id": st.integers(1, 2**60),
        "kind": st.sampled_from(["payload.released/1", "access.denied/1"]),
        "actor_id": maybe_ids,
        "object_id": maybe_ids,
        "lease_id": maybe_ids,
        "purpose": st.none() | st.sampled_from(["annotate", "score"]),
        "policy": st.binary(min_size=32, max_size=32),
        "extra": st.none() | st.just('{"count": 3}'),
        "occurred_at": st.datetimes(timezones=st.just(UTC)),
    }
)
noises = st.binary(min_size=SALT_AND_NONCE_BYTES, max_size=SALT_AND_NONCE_BYTES)


@given(rows, noises)
def test_a_leaf_tells_all_to_the_key_and_no_id_to_others(row: dict[str, Any], noise: bytes) -> None:
    partition, entry = leaf_of(row, keys=KEYS, noise=noise)
    leaf = parse_leaf(entry)
    details = open_details(leaf, KEYS.details)
    assert leaf.kind == row["kind"]
    assert leaf.at == row["occurred_at"]
    assert leaf.policy == f"sha256:{row['policy'].hex()}"
    assert leaf.partition == partition
    said = {
        "actor": row["actor_id"],
        "object": row["object_id"],
        "lease": row["lease_id"],
        "purpose": row["purpose"],
        "extra": None if row["extra"] is None else json.loads(row["extra"]),
    }
    details.pop("salt")
    expected = {
        name: str(value) if isinstance(value, UUID) else value
        for name, value in said.items()
        if value is not None
    }
    assert details == expected
    for one in (row["actor_id"], row["object_id"], row["lease_id"]):
        if one is not None:
            assert str(one).encode() not in entry
            assert one.hex.encode() not in entry


@given(rows, noises)
def test_the_commitments_open_with_the_salt(row: dict[str, Any], noise: bytes) -> None:
    leaf = parse_leaf(leaf_of(row, keys=KEYS, noise=noise)[1])
    expected = [
        commit(noise[:16], word, one.bytes)
        for word, one in ((b"actor", row["actor_id"]), (b"object", row["object_id"]))
        if one is not None
    ]
    assert list(leaf.commitments) == expected


@given(st.uuids(), st.uuids())
def test_a_partition_groups_one_object_for_who_has_the_key(one: UUID, other: UUID) -> None:
    assert (partition_of(KEYS, one) == partition_of(KEYS, other)) == (one == other)
    assert partition_of(KEYS, one) != partition_of(OTHER, one)


def test_the_keys_are_not_in_their_words() -> None:
    shown = repr(KEYS)
    assert KEYS.details.hex() not in shown
    assert repr(KEYS.details) not in shown
    assert repr(KEYS.partition) not in shown


def test_two_leaves_of_one_row_differ() -> None:
    row = {
        "id": 1, "kind": "access.denied/1", "actor_id": UUID(int=1), "object_id": UUID(int=2),
        "lease_id": None, "purpose": None, "policy": bytes(32), "extra": None,
        "occurred_at": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    one, other = (leaf_of(row, keys=KEYS, noise=bytes([n]) * 28)[1] for n in (1, 2))
    assert one != other
    assert parse_leaf(one).commitments != parse_leaf(other).commitments
