"""The ledger: each item once per person, shares as unions, and the vendor of that moment."""

from __future__ import annotations

from tests.ground import Tenant
from tests.hands import end, lease, submit

from evenhand.exposure import read_member_shares, read_vendor_shares


async def test_shares_are_unions_over_a_vendors_people(tenant: Tenant) -> None:
    """Three items. One sees all three, two (of the same vendor) two of them, three (of the
    customer's own) one: the vendor's union is 3 items of 2 people, not 5.
    """
    vendor = await tenant.party("Labels Ltd")
    one, two = await tenant.person(vendor=vendor), await tenant.person(vendor=vendor)
    three = await tenant.person()
    project = await tenant.project(judgments_per_item=3)
    await tenant.load(project, 3)
    for who, count in ((one, 3), (two, 2), (three, 1)):
        await lease(tenant, who, project, hold=count)
    async with tenant.db.transaction(tenant.id) as tx:
        vendors = await read_vendor_shares(tx, tenant.id)
        members = await read_member_shares(tx, tenant.id, most=2)
    assert [(row.vendor_name, row.item_count, row.member_count) for row in vendors] == [
        ("Labels Ltd", 3, 2),
        (None, 1, 1),
    ]
    assert [(row.member_id, row.item_count) for row in members] == [
        (one.member, 3),
        (two.member, 2),
    ]


async def test_a_second_look_at_an_item_counts_once(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 1)
    one = await tenant.person()
    (given,) = await lease(tenant, one, project)
    await lease(tenant, one, project)
    await end(tenant, one, given.lease_id, "released")
    (again,) = await lease(tenant, one, project)
    await submit(tenant, one, project, again.lease_id)
    rows = await tenant.rows("SELECT item_id, member_id FROM exposure.shown")
    assert [tuple(row) for row in rows] == [(given.item_id, one.member)]


async def test_a_persons_history_is_of_days_and_of_the_whole_workspace(tenant: Tenant) -> None:
    project = await tenant.project()
    await tenant.load(project, 2)
    one = await tenant.person()
    await lease(tenant, one, project, hold=2)
    (row,) = await tenant.rows(
        "SELECT person_id, first_on = last_on AS today FROM exposure.history"
    )
    actor = await tenant.actor(one)
    assert (row["person_id"], row["today"]) == (actor.person_id, True)


async def test_nobody_has_seen_anything_yet(tenant: Tenant) -> None:
    async with tenant.db.transaction(tenant.id) as tx:
        assert await read_vendor_shares(tx, tenant.id) == []
        assert await read_member_shares(tx, tenant.id, most=5) == []
