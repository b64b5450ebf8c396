"""Oracles: what must hold of a workspace's queue and log, whatever happened to it.

They read the database with the application's role and token, in one snapshot, and the published
files with the auditor's verifier; they know nothing of how the rows came to be. Each question gives
the ids of what breaks an invariant (I1 to I6 of the reliability specification), so a failure names
its culprits.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from evenhand.app.doctor import all_invariants
from evenhand.identity import log_key_context
from evenhand.platform.db import Database
from evenhand.platform.queries import load_invariants
from evenhand.receipts import open_details, parse_leaf
from evenhand.tlog import Edge, leaf_hashes, open_checkpoint, parse_vkey
from evenhand.vault import KeyHolder
from evenhand.verify import LogReport, verify_log

Snapshot = Any

LOGGED = "I4: a lease without its intent or entry"
LOG_QUESTIONS = {LOGGED: all_invariants()[LOGGED], **load_invariants("evenhand.transparency")}
"""What breaks an invariant of the log's rows, and the query that names it (`evenhand doctor`)."""

QUEUE_QUESTIONS = {
    said: query for said, query in all_invariants().items() if said not in LOG_QUESTIONS
}
"""The same for the queue."""


class InvariantBroken(AssertionError):
    """Names each broken invariant and the first ids that break it."""


@asynccontextmanager
async def _snapshot(db: Database, workspace: UUID) -> AsyncGenerator[Snapshot]:
    async with (
        db.pool.acquire() as tx,
        tx.transaction(isolation="repeatable_read", readonly=True),
    ):
        await tx.fetchval("SELECT set_config('evenhand.token', $1, true)", db.token(workspace))
        yield tx


async def _ask(tx: Snapshot, questions: Mapping[str, str]) -> list[str]:
    broken: list[str] = []
    for invariant, question in questions.items():
        rows: list[asyncpg.Record] = await tx.fetch(question + " LIMIT 5")
        if rows:
            broken.append(f"{invariant}: {', '.join(str(row[0]) for row in rows)}")
    return broken


async def check_queue(
    db: Database, workspace: UUID, *, acknowledged: Mapping[str, str] | None = None
) -> None:
    """The queue's invariants I1 to I4 and I6, in one snapshot.

    `acknowledged` maps lease ids to judgment ids that some client was told of (text): each must be
    there, once, under its lease.

    Raises:
        InvariantBroken: naming all that is wrong.
    """
    async with _snapshot(db, workspace) as tx:
        broken = await _ask(tx, QUEUE_QUESTIONS)
        if acknowledged:
            rows = await tx.fetch("SELECT lease_id, id FROM judgments.judgment")
            kept = {str(row["lease_id"]): str(row["id"]) for row in rows}
            lost = sorted(
                lease for lease, judgment in acknowledged.items() if kept.get(lease) != judgment
            )
            if lost:
                broken.append(f"I1 acknowledged and not kept: {', '.join(lost[:5])}")
    if broken:
        raise InvariantBroken("\n".join(broken))


async def check_log(
    db: Database,
    workspace: UUID,
    folder: Path,
    *,
    holder: KeyHolder | None = None,
    state_file: Path | None = None,
    settled: bool = False,
) -> LogReport | None:
    """The log's invariants I4 and I5: rows, signed head, published files.

    `folder` is the workspace's own (`<data>/logs/<workspace>`). With `state_file` the published
    head must extend the one that an earlier call saw (I5 over time). With `holder` each leaf is
    opened and compared with the rows it speaks of (I4, the other way). `settled` says that nothing
    may wait any more. Gives the verifier's report, None while nothing is published.

    Raises:
        InvariantBroken: naming all that is wrong.
        VerificationError: the published files are refused.
    """
    async with _snapshot(db, workspace) as tx:
        broken = await _ask(tx, LOG_QUESTIONS)
        if settled and await tx.fetchval("SELECT EXISTS (SELECT FROM transparency.intent)"):
            broken.append("I4 an intent still waits")
        log = await tx.fetchrow("SELECT vkey, wrapped_details FROM transparency.log")
        head = await tx.fetchrow("SELECT size, note FROM transparency.checkpoint")
        rows = await tx.fetch("SELECT leaf FROM transparency.entry ORDER BY index")
        if holder is not None:
            key = holder.unwrap(
                workspace, log_key_context(workspace, "log_details"), log["wrapped_details"]
            )
            broken += await _check_leaves(tx, [row["leaf"] for row in rows], key)
    verifier = parse_vkey(log["vkey"])
    hashes = leaf_hashes([row["leaf"] for row in rows])
    signed = open_checkpoint(head["note"].encode(), log=verifier).checkpoint
    if (signed.size, signed.root) != (head["size"], Edge.EMPTY.extend(hashes).root()):
        broken.append(f"I5 the signed head of size {signed.size} is not the rows' tree")
    if broken:
        raise InvariantBroken("\n".join(broken))
    if not (folder / "checkpoint").exists():
        return None
    report = verify_log(str(folder), verifier, state_file=state_file)
    if report.size > len(hashes) or report.root != Edge.EMPTY.extend(hashes[: report.size]).root():
        raise InvariantBroken(f"I5 the published head of size {report.size} is not the rows' tree")
    return report


async def _check_leaves(tx: Snapshot, leaves: list[bytes], key: bytes) -> list[str]:
    """Each `payload.released/1` names a lease that exists, its item and its annotator."""
    leases = {
        str(row["id"]): (str(row["item_id"]), str(row["annotator_id"]))
        for row in await tx.fetch("SELECT id, item_id, annotator_id FROM tasks.lease")
    }
    broken: list[str] = []
    named: set[str] = set()
    for index, entry in enumerate(leaves):
        leaf = parse_leaf(entry)
        details = open_details(leaf, key)
        if leaf.kind == "payload.released/1" and "lease" in details:
            lease = str(details["lease"])
            named.add(lease)
            if leases.get(lease) != (details["object"], details["actor"]):
                broken.append(f"I4 leaf {index} speaks of a lease that is not: {lease}")
    waiting = await tx.fetch("SELECT lease_id FROM transparency.intent WHERE lease_id IS NOT NULL")
    unlogged = leases.keys() - named - {str(row["lease_id"]) for row in waiting}
    if unlogged:
        broken.append(f"I4 leases that no leaf names: {', '.join(sorted(unlogged)[:5])}")
    return broken
