"""Looks at what the log's entries say of whom and what: metadata, and still a use of the key.

The open part of a leaf (kind, time, policy) is read by whoever may read the log. Who, what and why
lie under the log's key, which the workspace's key wraps; so opening them is a release like any
other: the wall is asked, one entry is written for the whole page of entries (their count and the
Merkle root of their indexes), and only when that entry is in the tree is anything opened. Whoever
watches is seen watching. No payload is ever opened here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evenhand.conflicts import evaluate_in, require_allowed
from evenhand.identity import POLICY_HASH, log_key_context
from evenhand.receipts import KINDS, Leaf, LeafError, merkle_root, open_details, parse_leaf
from evenhand.transparency import (
    ReadingKeys,
    intend,
    read_wrapped_details,
    reading_keys,
)
from evenhand.vault import KeyUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from evenhand.identity import Actor
    from evenhand.platform.db import Tx
    from evenhand.transparency import Entry
    from evenhand.vault import Keyring

__all__ = [
    "DetailsTicket",
    "intend_details",
    "open_entries",
    "read_log_keys",
    "render_open_part",
]


@dataclass(frozen=True, slots=True)
class DetailsTicket:
    """Entries whose details are to be shown, with the intent that was committed for it."""

    intent: int
    entries: tuple[Entry, ...]
    keys: ReadingKeys = field(repr=False)


async def read_log_keys(tx: Tx, keyring: Keyring, workspace: UUID) -> ReadingKeys:
    """The keys of the workspace's log for reading; they never leave the process.

    Raises:
        KeyUnavailable: the workspace's key is not given.
    """
    wrapped = await read_wrapped_details(tx, workspace)
    context = log_key_context(workspace, "log_details")
    return reading_keys(keyring.holder.unwrap(workspace, context, wrapped))


async def intend_details(
    tx: Tx,
    actor: Actor,
    entries: Sequence[Entry],
    *,
    keys: ReadingKeys,
    purpose: str,
    now: datetime,
) -> DetailsTicket:
    """Check the wall and write the one intent of a look at these entries' details.

    Raises:
        WallDenied: with the explained path.
    """
    require_allowed(await evaluate_in(tx, actor.workspace_id, actor.member_id, now=now))
    places = sorted(entry.index for entry in entries)
    root = merkle_root([place.to_bytes(8) for place in places])
    intent = await intend(
        tx,
        actor.workspace_id,
        "details.released/1",
        actor=actor.member_id,
        policy=POLICY_HASH,
        purpose=purpose,
        extra=json.dumps({"count": len(places), "root": root.hex()}),
    )
    return DetailsTicket(intent, tuple(entries), keys)


def open_entries(ticket: DetailsTicket) -> list[dict[str, object]]:
    """The entries with their details, once the ticket's own entry is in the tree.

    Raises:
        KeyUnavailable: an entry in the database is not what was sealed.
    """
    opened: list[dict[str, object]] = []
    for entry in ticket.entries:
        try:
            leaf = parse_leaf(entry.leaf)
            details = open_details(leaf, ticket.keys.details)
        except LeafError as error:
            raise KeyUnavailable(f"Entry {entry.index} does not open: {error}.") from error
        opened.append({**_render_leaf(entry.index, leaf), "details": _render_details(details)})
    return opened


def render_open_part(entry: Entry) -> dict[str, object]:
    """What an entry says without a key.

    Raises:
        KeyUnavailable: the entry in the database is no leaf of ours.
    """
    try:
        return _render_leaf(entry.index, parse_leaf(entry.leaf))
    except LeafError as error:
        raise KeyUnavailable(f"Entry {entry.index} is no leaf: {error}.") from error


def _render_leaf(index: int, leaf: Leaf) -> dict[str, object]:
    return {
        "index": index,
        "kind": leaf.kind,
        "meaning": KINDS.get(leaf.kind),
        "at": leaf.at.isoformat(),
        "policy": leaf.policy,
    }


def _render_details(details: Mapping[str, object]) -> dict[str, object]:
    """Actor, object, lease, purpose and counts; the salt too, with which the leaf's commitments
    can be checked by whoever is shown the ids.
    """
    return {
        name: details.get(name) for name in ("actor", "object", "lease", "purpose", "extra", "salt")
    }
