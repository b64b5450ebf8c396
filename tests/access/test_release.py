"""The one door to plaintext: nothing opens before its entry, or beside what the entry names."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from tests.ground import Tenant
from tests.hands import lease

from evenhand.access import Ticket, intend_bulk, intend_read, intend_system_bulk
from evenhand.conflicts import WallDenied, declare_rival
from evenhand.identity import log_key_context
from evenhand.items import list_item_ids, read_items
from evenhand.parties import declare_tie
from evenhand.platform.clock import utc_now
from evenhand.platform.errors import Forbidden
from evenhand.platform.paging import FIRST
from evenhand.projects import Project
from evenhand.receipts import merkle_root, open_details, parse_leaf
from evenhand.vault.model import KeyUnavailable


async def items_of(tenant: Tenant, project: Project) -> list[tuple[UUID, bytes]]:
    async with tenant.db.transaction(tenant.id) as tx:
        ids = await list_item_ids(
            tx, tenant.id, project.id, purpose="label", after=FIRST, limit=100
        )
        return [(row.id, row.payload) for row in await read_items(tx, tenant.id, ids)]


async def details_at(tenant: Tenant, index: int) -> tuple[str, dict[str, object]]:
    leaf = parse_leaf(
        await tenant.value("SELECT leaf FROM transparency.entry WHERE index = $1", index)
    )
    wrapped = await tenant.value("SELECT wrapped_details FROM transparency.log")
    key = tenant.service.holder.unwrap(
        tenant.id, log_key_context(tenant.id, "log_details"), wrapped
    )
    return leaf.kind, open_details(leaf, key)


async def test_looks_come_in_the_order_of_the_tickets_with_their_places(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 3)
    one = await tenant.person()
    grants = await lease(tenant, one, project, hold=3)
    tickets = [
        Ticket(tenant.id, project.id, grant.item_id, "payload", grant.intent_id, grant.payload)
        for grant in grants[::-1]
    ]
    looks = await tenant.service.release.open(tickets)
    for grant, look in zip(grants[::-1], looks, strict=True):
        kind, details = await details_at(tenant, look.logged.index)
        assert kind == "payload.released/1"
        assert details["object"] == str(grant.item_id)
        assert details["lease"] == str(grant.lease_id)
        assert details["actor"] == str(one.member)
        assert b'"prompt"' in look.plaintext
        assert look.receipt() == {
            "index": look.logged.index,
            "tree_size": look.logged.size,
            "url": f"/api/v1/receipts/{look.logged.index}",
        }
        assert "prompt" not in repr(look)
    assert await tenant.service.release.open([]) == []


async def test_a_ticket_for_another_object_or_field_opens_nothing(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 1)
    one = await tenant.person()
    (grant,) = await lease(tenant, one, project)
    good = Ticket(tenant.id, project.id, grant.item_id, "payload", grant.intent_id, grant.payload)
    for wrong in ({"object_id": uuid4()}, {"field": "meta"}, {"version": 2}, {"project": uuid4()}):
        with pytest.raises(KeyUnavailable):
            await tenant.service.release.open([replace(good, **wrong)])


async def test_a_bulk_read_opens_what_its_entry_commits_to_and_nothing_else(
    tenant: Tenant,
) -> None:
    project = await tenant.project()
    await tenant.load(project, 4)
    rows = await items_of(tenant, project)
    named = [one.bytes for one, _ in rows[:3]]
    actor = await tenant.actor(tenant.owner)
    async with tenant.db.transaction(tenant.id) as tx:
        ticket = await intend_bulk(
            tx, actor, project=project.id, purpose="export", ids=named[::-1], now=utc_now()
        )
    look = await tenant.service.release.log_bulk(ticket)
    opened = await tenant.service.release.open_bulk(look, "payload", rows[:3])
    assert all(b'"prompt"' in one for one in opened)
    with pytest.raises(KeyUnavailable, match="not part of the logged bulk read"):
        await tenant.service.release.open_bulk(look, "payload", rows)
    kind, details = await details_at(tenant, look.index)
    assert kind == "payload.bulk_released/1"
    # One leaf: the count and the root over the ids in ascending order.
    assert details["extra"] == {"count": 3, "root": merkle_root(sorted(named)).hex()}
    assert (details["object"], details["purpose"]) == (str(project.id), "export")


async def test_who_may_read_in_bulk(tenant: Tenant) -> None:
    project = await tenant.project()
    for role in ("reviewer", "annotator", "auditor", "operator"):
        person = await tenant.person(role)
        actor = await tenant.actor(person)
        async with tenant.db.transaction(tenant.id) as tx:
            with pytest.raises(Forbidden) as refused:
                await intend_bulk(
                    tx, actor, project=project.id, purpose="export", ids=[], now=utc_now()
                )
        assert refused.value.stable_code == "permission_denied"


async def test_the_wall_stands_before_the_customers_own_people_too(tenant: Tenant) -> None:
    project = await tenant.project()
    rival = await tenant.party("Metal", role="rival")
    manager = await tenant.person("manager")
    actor = await tenant.actor(manager)
    async with tenant.db.transaction(tenant.id) as tx:
        await intend_read(
            tx, actor, kind="instructions.read/1", target=project.id, purpose="read", now=utc_now()
        )
    async with tenant.db.transaction(tenant.id) as tx:
        await declare_rival(tx, tenant.id, actor=tenant.owner.member, rival=rival)
        await declare_tie(
            tx, tenant.id, source=actor.party_id, target=rival, kind="officer", share=None,
            said_by="a filing",
        )  # fmt: skip
    before = await tenant.value("SELECT count(*) FROM transparency.intent")
    for attempt in (
        lambda tx: intend_read(
            tx, actor, kind="instructions.read/1", target=project.id, purpose="read", now=utc_now()
        ),
        lambda tx: intend_bulk(
            tx, actor, project=project.id, purpose="export", ids=[], now=utc_now()
        ),
    ):
        with pytest.raises(WallDenied, match="officer at Metal"):
            async with tenant.db.transaction(tenant.id) as tx:
                await attempt(tx)
    # No intent of a look that was refused.
    assert await tenant.value("SELECT count(*) FROM transparency.intent") <= before


async def test_a_background_read_names_who_asked_for_it(tenant: Tenant) -> None:
    project = await tenant.project()
    async with tenant.db.transaction(tenant.id) as tx:
        ticket = await intend_system_bulk(
            tx, tenant.id, by=tenant.owner.member, project=project.id, purpose="aggregate", ids=[]
        )
    look = await tenant.service.release.log_bulk(ticket)
    _, details = await details_at(tenant, look.index)
    assert details["actor"] == str(tenant.owner.member)
    assert details["extra"] == {"count": 0, "root": merkle_root([]).hex()}
