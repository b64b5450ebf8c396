"""The wall in the database: what a tie, a rival, a look at a rival's data does to a verdict."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID, uuid4

import pytest
from tests.ground import Address, Person, Tenant, run_as
from tests.hands import lease

from evenhand.conflicts import (
    Verdict,
    change_wall,
    declare_rival,
    evaluate,
    lock_wall,
    newly_denied,
    read_policy,
    start_wall,
)
from evenhand.conflicts.model import DEFAULT_COOLING_OFF_DAYS, DEFAULT_THRESHOLDS
from evenhand.parties import declare_tie
from evenhand.parties.model import TieKind
from evenhand.platform.clock import utc_now
from evenhand.platform.errors import NotFound


async def verdict_on(tenant: Tenant, who: Person) -> Verdict:
    return await evaluate(tenant.db, tenant.id, who.member, now=utc_now())


async def rival(tenant: Tenant, name: str = "Meta", **more: object) -> UUID:
    made = await tenant.party(name, role="rival", **more)
    async with tenant.db.transaction(tenant.id) as tx:
        await declare_rival(tx, tenant.id, actor=tenant.owner.member, rival=made)
    return made


async def tie(
    tenant: Tenant,
    source: UUID,
    target: UUID,
    kind: TieKind,
    share: str | None = None,
    *,
    valid_to: date | None = None,
) -> list[UUID]:
    """Declares a tie as the route does; gives who is newly denied."""
    exact = None if share is None else (Decimal(share), Decimal(share))
    async with tenant.db.transaction(tenant.id) as tx:
        await lock_wall(tx, tenant.id)
        made = await declare_tie(
            tx, tenant.id, source=source, target=target, kind=kind, share=exact,
            said_by="press", valid_to=valid_to,
        )  # fmt: skip
        await change_wall(tx, tenant.id, actor=tenant.owner.member, target=made, what=f"tie_{kind}")
        return await newly_denied(tx, tenant.id, now=utc_now())


async def test_a_new_workspace_has_the_default_policy(tenant: Tenant) -> None:
    async with tenant.db.transaction(tenant.id) as tx:
        policy = await read_policy(tx, tenant.id)
    assert policy.cooling_off_days == DEFAULT_COOLING_OFF_DAYS
    assert policy.thresholds == {kind: Fraction(t) for kind, t in DEFAULT_THRESHOLDS.items()}
    assert not policy.accept_possible


async def test_t_scale_in_the_database(tenant: Tenant) -> None:
    scale = await tenant.party("Scale")
    one, free = await tenant.person(vendor=scale), await tenant.person()
    assert (await verdict_on(tenant, one)).allowed
    assert (await verdict_on(tenant, free)).allowed
    meta = await rival(tenant)
    assert (await verdict_on(tenant, one)).allowed
    assert await tie(tenant, meta, scale, "economic", "0.49") == [one.member]
    denied = await verdict_on(tenant, one)
    today = utc_now().date().isoformat()
    (reason,) = denied.reasons
    assert reason == (
        f"denied: Scale, 49 % economic held by Meta (rule direct_tie, declared {today}),"
        " Meta is a rival of this customer"
    )
    assert (await verdict_on(tenant, free)).allowed


async def test_a_share_below_the_threshold_is_read_back_exactly(tenant: Tenant) -> None:
    vendor = await tenant.party("Labels")
    one = await tenant.person(vendor=vendor)
    meta = await rival(tenant)
    await tie(tenant, meta, vendor, "economic", "0.0499999999")
    assert (await verdict_on(tenant, one)).allowed
    await tie(tenant, meta, vendor, "votes", "0.05")
    assert not (await verdict_on(tenant, one)).allowed


async def test_a_persons_own_tie_denies_it_and_nobody_else(tenant: Tenant) -> None:
    vendor = await tenant.party("Labels")
    one, other = await tenant.person(vendor=vendor), await tenant.person(vendor=vendor)
    meta = await rival(tenant)
    party = (await tenant.actor(one)).party_id
    for who in (one, other):
        await verdict_on(tenant, who)
    assert await tie(tenant, party, meta, "employment") == [one.member]
    (reason,) = (await verdict_on(tenant, one)).reasons
    assert "annotator 1, employment at Meta" in reason
    assert (await verdict_on(tenant, other)).allowed


async def test_a_tie_that_has_ended_does_not_count(tenant: Tenant) -> None:
    one = await tenant.person()
    meta = await rival(tenant)
    party = (await tenant.actor(one)).party_id
    yesterday = utc_now().date() - timedelta(days=1)
    await tie(tenant, party, meta, "officer", valid_to=yesterday)
    assert (await verdict_on(tenant, one)).allowed
    await tie(tenant, party, meta, "former_employment", valid_to=yesterday)
    assert not (await verdict_on(tenant, one)).allowed


async def test_a_rival_is_one_once_and_a_foreign_party_never(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    meta = await rival(tenant)
    async with tenant.db.transaction(tenant.id) as tx:
        await declare_rival(tx, tenant.id, actor=tenant.owner.member, rival=meta)
    assert await tenant.value("SELECT count(*) FROM conflicts.rivalry") == 1
    assert await other_tenant.value("SELECT count(*) FROM conflicts.rivalry") == 0


@pytest.mark.parametrize("declared_by_the_first", [True, False])
async def test_who_saw_a_rivals_data_is_denied_whoever_declared_the_rivalry(
    tenant: Tenant, other_tenant: Tenant, declared_by_the_first: bool
) -> None:
    """Rivalry counts in both directions; rivals are matched by domain across workspaces."""
    here = await tenant.person(email="both@people.example")
    there = await other_tenant.person(email="both@people.example")
    if declared_by_the_first:
        await rival(tenant, "Bolt", domain="bolt.example")
    else:
        await rival(other_tenant, "Acme", domain="acme.example")
    project = await tenant.project()
    await tenant.load(project, 1)
    assert (await verdict_on(other_tenant, there)).allowed
    assert (await verdict_on(tenant, here)).allowed
    assert len(await lease(tenant, here, project)) == 1
    (reason,) = (await verdict_on(other_tenant, there)).reasons
    assert "saw data of a rival of this customer 0 days ago" in reason
    # It tells no more: not whose data it was.
    assert "Acme" not in reason
    assert (await verdict_on(tenant, here)).allowed


async def test_the_cooling_off_time_passes(
    tenant: Tenant, other_tenant: Tenant, admin: Address
) -> None:
    here = await tenant.person(email="both@people.example")
    there = await other_tenant.person(email="both@people.example")
    await rival(tenant, "Bolt", domain="bolt.example")
    project = await tenant.project()
    await tenant.load(project, 1)
    await lease(tenant, here, project)
    for days, allowed in ((365, False), (366, True)):
        await run_as(
            admin,
            f"UPDATE exposure.history SET first_on = current_date - {days},"
            f" last_on = current_date - {days}",
        )
        assert (await verdict_on(other_tenant, there)).allowed is allowed


async def test_a_change_of_the_wall_voids_every_verdict(tenant: Tenant) -> None:
    one = await tenant.person()
    await verdict_on(tenant, one)
    current = (
        "SELECT count(*) FROM conflicts.verdict AS v JOIN conflicts.epoch AS e"
        " ON e.workspace_id = v.workspace_id AND e.value = v.epoch"
    )
    assert await tenant.value(current) == 1
    await rival(tenant)
    assert await tenant.value(current) == 0
    await verdict_on(tenant, one)
    assert await tenant.value(current) == 1


async def test_who_was_denied_before_is_not_newly_denied(tenant: Tenant) -> None:
    scale = await tenant.party("Scale")
    one = await tenant.person(vendor=scale)
    meta = await rival(tenant)
    await verdict_on(tenant, one)
    assert await tie(tenant, meta, scale, "economic", "0.49") == [one.member]
    assert await tie(tenant, meta, scale, "board_seat") == []
    assert len((await verdict_on(tenant, one)).reasons) == 2


async def test_whom_nobody_knows_has_no_verdict(tenant: Tenant, other_tenant: Tenant) -> None:
    foreign = await other_tenant.person()
    for member in (uuid4(), foreign.member):
        with pytest.raises(NotFound):
            await evaluate(tenant.db, tenant.id, member, now=utc_now())
    assert await tenant.value("SELECT count(*) FROM conflicts.verdict") == 0


async def test_without_a_policy_there_is_no_wall_to_ask(tenant: Tenant, admin: Address) -> None:
    await run_as(admin, "DELETE FROM conflicts.policy", "DELETE FROM conflicts.epoch")
    with pytest.raises(NotFound, match="no wall policy"):
        await verdict_on(tenant, tenant.owner)
    async with tenant.db.transaction(tenant.id) as tx:
        await start_wall(tx, tenant.id)
    assert (await verdict_on(tenant, tenant.owner)).allowed
