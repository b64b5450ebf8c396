"""A workspace with a row in every table, by the product's own verbs, and marked with canaries."""

from __future__ import annotations

import asyncio
import json
from uuid import UUID

import asyncpg
from tests.ground import Tenant, pair_line
from tests.hands import end, lease, submit
from tests.identity.entrance import come_in, keeper_of, set_factor

from evenhand.conflicts import declare_rival
from evenhand.consensus.actions import request_run
from evenhand.identity import POLICY_HASH, remember_once
from evenhand.judgments.withdrawal import withdraw_judgment
from evenhand.parties import declare_tie
from evenhand.platform.ids import new_id
from evenhand.platform.jobs import publish
from evenhand.tasks.drafts import put_draft
from evenhand.transparency import intend

WORKSPACE_TABLES = """
    SELECT c.oid::regclass::text FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
     WHERE c.relkind IN ('r', 'p') AND NOT a.attisdropped ORDER BY 1"""


async def workspace_tables(connection: asyncpg.Connection[asyncpg.Record]) -> list[str]:
    """Every table with a workspace column, asked of the catalogue."""
    return [row[0] for row in await connection.fetch(WORKSPACE_TABLES)]


async def furnish(tenant: Tenant, canary: str) -> dict[str, UUID]:
    """Fills the workspace's tables; `canary` stands in every text that a person can write.

    Gives ids to ask for. What is gone in a moment is left by `leave_waiting`.
    """
    vendor = await tenant.party(f"{canary} vendor", domain=f"{canary}-vendor.example")
    rival = await tenant.party(f"{canary} rival", role="rival")
    one = await tenant.person(vendor=vendor, email=f"one@{canary}.example")
    two = await tenant.person(email=f"two@{canary}.example")
    keeper = keeper_of(tenant)
    await set_factor(tenant, keeper, await come_in(tenant, keeper, email=f"in@{canary}.example"))
    project = await tenant.project(name=f"{canary} project", instructions=f"# {canary}")
    payload = {"prompt": f"{canary} prompt", "left": canary, "right": canary}
    lines = [pair_line(number, id=f"{canary}-{number}", payload=payload) for number in range(4)]
    batch = await tenant.load(project, lines)
    answer = {"choice": "left", "order": "given"}
    gold = {"answer": answer, "reason": f"{canary} reason"}
    await tenant.load(
        project,
        [pair_line(9, payload=payload, gold=gold, assignees=[str(one.member)])],
        purpose="gold",
    )
    held = await lease(tenant, one, project, hold=4)
    await submit(tenant, one, project, held[0].lease_id)
    taken_back = await submit(tenant, one, project, held[1].lease_id)
    _, again = await withdraw_judgment(
        tenant.db,
        tenant.admission(one, "judgments.submit"),
        await tenant.actor(one),
        taken_back.id,
        policy=POLICY_HASH,
    )
    await submit(tenant, one, project, again.grant.lease_id)
    sealer = await tenant.service.keyring.sealer(tenant.id, project.id)
    await put_draft(
        tenant.db,
        tenant.admission(one),
        sealer,
        lease=held[3].lease_id,
        seen=0,
        content=json.dumps({"state": {"reason": canary}, "active_ms": 1}).encode(),
    )
    await end(tenant, one, held[2].lease_id, "skipped")
    run = await _aggregate(tenant, project.id)
    tie = await _wall(tenant, vendor=vendor, rival=rival)
    await _wait(tenant, "SELECT EXISTS (SELECT FROM gold.score)")
    return {
        "workspace_id": tenant.id, "project_id": project.id, "batch_id": batch, "run_id": run,
        "item_id": held[0].item_id, "task_id": held[0].task_id, "lease_id": held[3].lease_id,
        "vendor_id": vendor, "rival_id": rival, "member_id": one.member, "tie_id": tie,
        "other_member_id": two.member, "owner_id": tenant.owner.member,
    }  # fmt: skip


async def leave_waiting(*tenants: Tenant) -> None:
    """One intent and one job that stay in each workspace. The log service is stopped for that."""
    await tenants[0].service.log.stop()
    for tenant in tenants:
        async with tenant.db.transaction(tenant.id) as tx:
            await intend(tx, tenant.id, "test.waits/1", actor=None, policy=bytes(32))
            await publish(tx, tenant.id, "judgment.submitted", new_id())
            await tx.execute("UPDATE platform.job SET run_at = now() + interval '1 day'")


async def _aggregate(tenant: Tenant, project: UUID) -> UUID:
    run = new_id()
    actor = await tenant.actor(tenant.owner)
    async with tenant.db.transaction(tenant.id) as tx:
        await remember_once(tx, actor, key="furnished", request_mac=bytes(32), made=run)
        await request_run(
            tx, tenant.id, project, method="majority", by=tenant.owner.member, made=run
        )
    await _wait(tenant, "SELECT state = 'done' FROM consensus.run")
    return run


async def _wall(tenant: Tenant, *, vendor: UUID, rival: UUID) -> UUID:
    async with tenant.db.transaction(tenant.id) as tx:
        await declare_rival(tx, tenant.id, actor=tenant.owner.member, rival=rival)
        return await declare_tie(
            tx, tenant.id, source=rival, target=vendor, kind="economic", share=None, said_by="test"
        )


async def _wait(tenant: Tenant, question: str) -> None:
    async with asyncio.timeout(20):
        while not await tenant.value(question):
            await asyncio.sleep(0.05)
