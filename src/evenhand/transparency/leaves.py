"""From an intent row to the bytes of a log entry. Pure but for the salt and nonce it is given."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from evenhand.receipts import blind, commit, seal_leaf

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    import asyncpg

    from .model import LogKeys

__all__ = ["SALT_AND_NONCE_BYTES", "leaf_of", "partition_of"]

SALT_AND_NONCE_BYTES = 16 + 12


def partition_of(keys: LogKeys, object_id: UUID) -> bytes:
    """The blinded key under which all entries about one object are found by who has the key."""
    return blind(keys.partition, object_id.bytes)


def leaf_of(
    row: asyncpg.Record | Mapping[str, Any], *, keys: LogKeys, noise: bytes
) -> tuple[bytes | None, bytes]:
    """Partition and entry bytes of an intent. `noise` is 28 random bytes: salt, then nonce.

    The details name actor, object, lease and purpose; the commitments let the customer prove any
    one of the two ids to a third party by giving the salt, without opening the rest.
    """
    salt, nonce = noise[:16], noise[16:]
    actor: UUID | None = row["actor_id"]
    target: UUID | None = row["object_id"]
    lease: UUID | None = row["lease_id"]
    details: dict[str, object] = {"salt": base64.b64encode(salt).decode("ascii")}
    commitments: list[bytes] = []
    partition = None
    if actor is not None:
        details["actor"] = str(actor)
        commitments.append(commit(salt, b"actor", actor.bytes))
    if target is not None:
        details["object"] = str(target)
        commitments.append(commit(salt, b"object", target.bytes))
        partition = partition_of(keys, target)
    if lease is not None:
        details["lease"] = str(lease)
    if row["purpose"] is not None:
        details["purpose"] = row["purpose"]
    if row["extra"] is not None:
        details["extra"] = json.loads(row["extra"])
    leaf = seal_leaf(
        kind=row["kind"],
        at=row["occurred_at"],
        partition=partition,
        commitments=commitments,
        policy="sha256:" + row["policy"].hex(),
        details=details,
        log_key=keys.details,
        nonce=nonce,
    )
    return partition, leaf.render()
