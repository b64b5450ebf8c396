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

from evenhand.identity import log_key_context
from evenhand.platform.db import Database
from evenhand.receipts import open_details, parse_leaf
from evenhand.tlog import Edge, leaf_hashes, open_checkpoint, parse_vkey
from evenhand.vault import KeyHolder
from evenhand.verify import LogReport, verify_log

Snapshot = Any

QUEUE_QUESTIONS: dict[str, str] = {
    "I1 a submitted lease without exactly one judgment": """
        SELECT l.id FROM tasks.lease AS l WHERE l.state = 'submitted' AND (
            SELECT count(*) FROM judgments.judgment AS j WHERE j.lease_id = l.id) <> 1""",
    "I1 a judgment whose lease is not submitted": """
        SELECT j.id FROM judgments.judgment AS j JOIN tasks.lease AS l ON l.id = j.lease_id
         WHERE l.state <> CASE WHEN EXISTS (SELECT FROM judgments.withdrawal AS w
                                             WHERE w.judgment_id = j.id)
                          THEN 'withdrawn' ELSE 'submitted' END""",
    "I1 a task that is done without exactly one judgment": """
        SELECT t.id FROM tasks.task AS t WHERE t.state = 'done' AND (
            SELECT count(*) FROM judgments.judgment AS j WHERE j.task_id = t.id AND NOT EXISTS (
                SELECT FROM judgments.withdrawal AS w WHERE w.judgment_id = j.id)) <> 1""",
    "I1 a judgment of a task that is not done": """
        SELECT j.id FROM judgments.judgment AS j JOIN tasks.task AS t ON t.id = j.task_id
         WHERE t.state <> 'done' AND NOT EXISTS (
            SELECT FROM judgments.withdrawal AS w WHERE w.judgment_id = j.id)""",
    "I2 a leased task without exactly one active lease": """
        SELECT t.id FROM tasks.task AS t WHERE t.state = 'leased' AND (
            SELECT count(*) FROM tasks.lease AS l
             WHERE l.task_id = t.id AND l.state = 'active') <> 1""",
    "I2 an active lease of a task that is not leased": """
        SELECT l.id FROM tasks.lease AS l JOIN tasks.task AS t ON t.id = l.task_id
         WHERE l.state = 'active' AND t.state <> 'leased'""",
    "I2 one person with one item twice": """
        SELECT (array_agg(l.id))[1] FROM tasks.lease AS l
         WHERE l.state IN ('active', 'submitted', 'skipped', 'flagged')
         GROUP BY l.annotator_id, l.item_id HAVING count(*) > 1""",
    "I2 a flagged or skipped task without the lease that made it so": """
        SELECT t.id FROM tasks.task AS t WHERE t.state IN ('flagged', 'skipped') AND NOT EXISTS (
            SELECT FROM tasks.lease AS l WHERE l.task_id = t.id AND l.state = t.state)""",
    "I2 a lease of somebody else's task": """
        SELECT l.id FROM tasks.lease AS l JOIN tasks.task AS t ON t.id = l.task_id
         WHERE t.assignee_id <> l.annotator_id""",
    "I2 a lease of a batch that was never opened": """
        SELECT l.id FROM tasks.lease AS l JOIN tasks.task AS t ON t.id = l.task_id
          JOIN items.batch AS b ON b.id = t.batch_id WHERE b.state = 'staging'""",
    "I3 a judgment outside of its lease's time": """
        SELECT j.id FROM judgments.judgment AS j JOIN tasks.lease AS l ON l.id = j.lease_id
         WHERE j.submitted_at < l.granted_at OR j.submitted_at > l.expires_at""",
    "I3 a judgment that is not its lease's": """
        SELECT j.id FROM judgments.judgment AS j JOIN tasks.lease AS l ON l.id = j.lease_id
         WHERE (j.annotator_id, j.task_id, j.item_id, j.project_id)
            <> (l.annotator_id, l.task_id, l.item_id, l.project_id)""",
    "I4 a lease whose item is not in the exposure ledger": """
        SELECT l.id FROM tasks.lease AS l WHERE NOT EXISTS (
            SELECT FROM exposure.shown AS s
             WHERE s.item_id = l.item_id AND s.member_id = l.annotator_id)""",
    "I6 an Idempotency-Key that made nothing": """
        SELECT k.made_id FROM platform.idempotency AS k WHERE NOT EXISTS (
            SELECT FROM items.batch WHERE id = k.made_id
            UNION ALL SELECT FROM projects.project WHERE id = k.made_id
            UNION ALL SELECT FROM parties.party WHERE id = k.made_id
            UNION ALL SELECT FROM parties.tie WHERE id = k.made_id
            UNION ALL SELECT FROM identity.member WHERE id = k.made_id
            UNION ALL SELECT FROM identity.credential WHERE id = k.made_id
            UNION ALL SELECT FROM consensus.run WHERE id = k.made_id)""",
    "an open batch whose count is not its items'": """
        SELECT b.id FROM items.batch AS b WHERE b.state = 'open' AND b.item_count <> (
            SELECT count(*) FROM items.item AS i WHERE i.batch_id = b.id)""",
    "an item of an open batch without a task": """
        SELECT i.id FROM items.item AS i JOIN items.batch AS b ON b.id = i.batch_id
         WHERE b.state = 'open' AND NOT EXISTS (
            SELECT FROM tasks.task AS t WHERE t.item_id = i.id)""",
}
"""What breaks an invariant of the queue, and the query that names it."""

LOG_QUESTIONS: dict[str, str] = {
    "I4 a lease without its intent or entry": """
        SELECT l.id FROM tasks.lease AS l WHERE NOT EXISTS (
            SELECT FROM transparency.entry AS e WHERE e.intent_id = l.intent_id
            UNION ALL
            SELECT FROM transparency.intent AS i WHERE i.id = l.intent_id)""",
    "I4 an intent that is in the tree and waits as well": """
        SELECT i.workspace_id FROM transparency.intent AS i
          JOIN transparency.entry AS e ON e.intent_id = i.id""",
    "I5 a gap in the tree": """
        SELECT head.workspace_id FROM transparency.checkpoint AS head
         WHERE head.size <> (SELECT count(*) FROM transparency.entry)
            OR head.size <> (SELECT coalesce(max(e.index) + 1, 0) FROM transparency.entry AS e)""",
}
"""The same for the log's rows."""


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
