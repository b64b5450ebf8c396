"""`evenhand doctor --verify`: whether what must always hold of a workspace does.

The invariants I1 to I11 of the reliability specification, asked in one snapshot with the
application's own role and token, read only; then the signed head, the published log and, where this
host has the log's key, each entry against the row that it speaks of. What is broken is named by its
invariant and its first ids. Nothing is mended.

Not asked here: I7 (there are no endpoints yet), I8 (the catalogue is checked whenever a database is
opened; that no row crosses is the tests' to show), I10 and I12 (properties of the code).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from evenhand.identity import log_key_context
from evenhand.platform.errors import EvenhandError
from evenhand.platform.queries import load_invariants
from evenhand.receipts import open_details, parse_leaf
from evenhand.tlog import (
    Checkpoint,
    Edge,
    LogError,
    Verifier,
    leaf_hashes,
    open_checkpoint,
    parse_vkey,
)
from evenhand.verify import VerificationError, verify_log

from .compose import ROOMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from uuid import UUID

    from evenhand.platform.db import Database, Tx
    from evenhand.vault import KeyHolder

    Told = Callable[[str, int, int], None]

__all__ = ["Finding", "WorkspaceReport", "all_invariants", "examine"]

_SHOWN_IDS = 5
_PAGE = 5_000
_LeaseRows: TypeAlias = "dict[str, tuple[str, str]]"
_QUESTION_S = 600.0
_COUNTED = (
    f"SELECT count(*) AS count, (array_agg(q.id::text))[1:{_SHOWN_IDS}] AS ids"
    " FROM ({}) AS q (id)"
)
_ENTRIES = """
    SELECT e.index, e.leaf FROM transparency.entry AS e
     WHERE e.index >= $1 ORDER BY e.index LIMIT $2"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant that does not hold: in words, how often, and the first ids or places."""

    invariant: str
    count: int
    examples: tuple[str, ...]


@dataclass(slots=True)
class WorkspaceReport:
    """What was asked of one workspace and what does not hold."""

    workspace: UUID
    asked: list[str] = field(default_factory=list[str])
    broken: list[Finding] = field(default_factory=list[Finding])
    entries: int = 0
    published: int | None = None
    details_opened: bool = False

    def add(self, invariant: str, broken: list[str], *, count: int | None = None) -> None:
        """Note that `invariant` was asked and what breaks it."""
        self.asked.append(invariant)
        if broken:
            found = Finding(invariant, count or len(broken), tuple(broken[:_SHOWN_IDS]))
            self.broken.append(found)


def all_invariants() -> dict[str, str]:
    """Those of every room, in words, with their queries."""
    found: dict[str, str] = {}
    for room in ROOMS:
        found |= load_invariants(room)
    return found


async def examine(
    db: Database,
    workspace: UUID,
    *,
    log_folder: Path,
    holder: KeyHolder | None,
    tell: Told,
) -> WorkspaceReport:
    """Ask everything of one workspace. `tell(what, done, all)` is called while it works.

    `holder` opens the log's details where this host may; without one, entries are only counted and
    hashed.
    """
    report = WorkspaceReport(workspace)
    invariants = all_invariants()
    # Before the snapshot: what is published then is in it, even while the log grows.
    checkpoint = log_folder / "checkpoint"
    published = checkpoint.read_bytes() if checkpoint.exists() else None
    async with (
        db.pool.acquire() as tx,
        tx.transaction(isolation="repeatable_read", readonly=True),
    ):
        await tx.fetchval("SELECT set_config('evenhand.token', $1, true)", db.token(workspace))
        for number, (said, question) in enumerate(invariants.items()):
            tell("invariants", number, len(invariants))
            row = await tx.fetchrow(_COUNTED.format(question), timeout=_QUESTION_S)
            ids: list[str] = [] if row is None or row["ids"] is None else row["ids"]
            report.add(said, ids, count=0 if row is None else row["count"])
        log = await tx.fetchrow("SELECT vkey, wrapped_details FROM transparency.log")
        head = await tx.fetchrow("SELECT size, note FROM transparency.checkpoint")
        if log is None or head is None:
            report.add("I5: a workspace without a log", [str(workspace)])
            return report
        verifier = parse_vkey(log["vkey"])
        signed = _open_note(report, "I5: a signed head", head["note"].encode(), verifier)
        shown = None
        if published is not None:
            shown = _open_note(report, "I5: a published head", published, verifier)
        key = _details_key(holder, workspace, log["wrapped_details"])
        roots = {one.size: Edge.EMPTY.root() for one in (signed, shown) if one}
        await _read_entries(tx, report, roots, key=key, size=head["size"], tell=tell)
    for said, one in (("I5: a signed head", signed), ("I5: a published head", shown)):
        if one:
            differs = roots[one.size] != one.root
            report.add(f"{said} that is not the entries' tree", [f"size {one.size}"] * differs)
    if shown:
        report.published = shown.size
        refused = await asyncio.to_thread(_refused_log, log_folder, verifier)
        report.add("I5: published files that do not hash to their head", refused)
    return report


async def _read_entries(
    tx: Tx,
    report: WorkspaceReport,
    roots: dict[int, bytes],
    *,
    key: bytes | None,
    size: int,
    tell: Told,
) -> None:
    """Hash every entry, noting the tree's root at each size in `roots`; compare it with its row."""
    leases = {} if key is None else await _lease_rows(tx)
    wrong: list[str] = []
    named: set[str] = set()
    edge = Edge.EMPTY
    while rows := await tx.fetch(_ENTRIES, edge.size, _PAGE):
        tell("entries", edge.size, size)
        leaves: list[bytes] = [row["leaf"] for row in rows]
        for wanted in roots:
            if edge.size < wanted <= edge.size + len(leaves):
                roots[wanted] = edge.extend(leaf_hashes(leaves[: wanted - edge.size])).root()
        if key is not None:
            wrong += _compare(leaves, edge.size, key, leases, named)
        edge = edge.extend(leaf_hashes(leaves))
    report.entries, report.details_opened = edge.size, key is not None
    if key is not None:
        report.add("I4: an entry that speaks of a lease that is not", wrong)
        rows = await tx.fetch("SELECT lease_id FROM transparency.intent WHERE lease_id IS NOT NULL")
        unlogged = leases.keys() - named - {str(row["lease_id"]) for row in rows}
        report.add("I4: a lease that no entry names", sorted(unlogged))


def _details_key(holder: KeyHolder | None, workspace: UUID, wrapped: bytes) -> bytes | None:
    """The log's details key, where this host may have it."""
    if holder is None:
        return None
    try:
        return holder.unwrap(workspace, log_key_context(workspace, "log_details"), wrapped)
    except EvenhandError:
        return None


def _open_note(
    report: WorkspaceReport, what: str, note: bytes, verifier: Verifier
) -> Checkpoint | None:
    try:
        return open_checkpoint(note, log=verifier).checkpoint
    except LogError as error:
        report.add(f"{what} that is refused", [str(error)])
        return None


async def _lease_rows(tx: Tx) -> _LeaseRows:
    return {
        str(row["id"]): (str(row["item_id"]), str(row["annotator_id"]))
        for row in await tx.fetch("SELECT id, item_id, annotator_id FROM tasks.lease")
    }


def _compare(
    leaves: list[bytes], first: int, key: bytes, leases: _LeaseRows, named: set[str]
) -> Iterator[str]:
    """Places of entries whose lease, item or annotator is not the row's; fills `named`."""
    for index, entry in enumerate(leaves, start=first):
        leaf = parse_leaf(entry)
        if leaf.kind != "payload.released/1":
            continue
        details = open_details(leaf, key)
        lease = details.get("lease")
        if lease is None:
            continue
        named.add(str(lease))
        if leases.get(str(lease)) != (details["object"], details["actor"]):
            yield f"entry {index}"


def _refused_log(folder: Path, verifier: Verifier) -> list[str]:
    """Why the published files are refused, if they are."""
    try:
        verify_log(str(folder), verifier)
    except VerificationError as error:
        return [str(error)]
    return []
