"""Drafts and renewal over HTTP's verbs: kept sealed, read back once logged, gone with the lease."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from tests.ground import Address, Person, Tenant, run_as
from tests.hands import end, lease, refusing, run_out, submit

from evenhand.platform.clock import utc_now
from evenhand.platform.errors import Conflict, Expired, NotFound
from evenhand.platform.queries import load_queries
from evenhand.projects import Project
from evenhand.tasks.drafts import DraftRef, delete_draft, intend_draft, list_drafts, put_draft

_Q = load_queries("evenhand.tasks")
LOOKS = """
    SELECT count(*) FROM transparency.entry
     WHERE position('draft.released/1'::bytea IN leaf) > 0"""
TYPED = json.dumps({"state": {"pick": "a", "reason": "half a thought"}, "active_ms": 7}).encode()


async def put(
    tenant: Tenant, who: Person, project: Project, lease_id: UUID, *, seen: int = 0
) -> DraftRef:
    sealer = await tenant.service.keyring.sealer(tenant.id, project.id)
    with refusing():
        return await put_draft(
            tenant.db, tenant.admission(who), sealer, lease=lease_id, seen=seen, content=TYPED
        )


async def read(tenant: Tenant, who: Person, lease_id: UUID) -> bytes:
    actor = await tenant.actor(who)
    async with tenant.db.transaction(tenant.id) as tx:
        _, ticket = await intend_draft(tx, actor, lease=lease_id, now=utc_now())
    (look,) = await tenant.service.release.open([ticket])
    return look.plaintext


async def renew(tenant: Tenant, who: Person, leases: list[UUID]) -> list[UUID]:
    admission = tenant.admission(who)
    with refusing():
        rows = await tenant.db.fetch(
            _Q["renew"], admission.token, admission.hash, admission.allowed, leases
        )
    return [row["lease_id"] for row in rows]


@pytest.fixture
async def desk(tenant: Tenant) -> tuple[Project, Person, UUID]:
    project = await tenant.project()
    await tenant.load(project, 2)
    one = await tenant.person()
    (given,) = await lease(tenant, one, project)
    return project, one, given.lease_id


async def test_a_draft_is_sealed_and_each_look_at_it_is_logged(
    tenant: Tenant, desk: tuple[Project, Person, UUID]
) -> None:
    project, one, given = desk
    assert (await put(tenant, one, project, given)).version == 1
    assert (await put(tenant, one, project, given, seen=1)).version == 2
    (row,) = await tenant.rows("SELECT sealed, version FROM tasks.draft")
    assert b"half a thought" not in row["sealed"]
    actor = await tenant.actor(one)
    async with tenant.db.transaction(tenant.id) as tx:
        (ref,) = await list_drafts(tx, actor)
    assert (ref.lease_id, ref.version) == (given, 2)
    assert await tenant.value(LOOKS) == 0
    assert await read(tenant, one, given) == TYPED
    assert await tenant.value(LOOKS) == 1


async def test_who_has_not_seen_the_last_version_is_refused(
    tenant: Tenant, desk: tuple[Project, Person, UUID]
) -> None:
    project, one, given = desk
    await put(tenant, one, project, given)
    for seen in (0, 2):
        with pytest.raises(Conflict) as refused:
            await put(tenant, one, project, given, seen=seen)
        assert refused.value.stable_code == "draft_conflict"


async def test_a_draft_is_its_writers_alone(
    tenant: Tenant, desk: tuple[Project, Person, UUID]
) -> None:
    project, one, given = desk
    await put(tenant, one, project, given)
    two = await tenant.person()
    with pytest.raises(NotFound):
        await read(tenant, two, given)
    with pytest.raises(NotFound):
        await put(tenant, two, project, given, seen=1)
    with pytest.raises(NotFound):
        await read(tenant, tenant.owner, given)


@pytest.mark.parametrize("way", ["submitted", "skipped", "flagged", "released", "expired", "asked"])
async def test_a_draft_goes_with_its_lease(
    tenant: Tenant, admin: Address, desk: tuple[Project, Person, UUID], way: str
) -> None:
    project, one, given = desk
    await put(tenant, one, project, given)
    if way == "submitted":
        await submit(tenant, one, project, given)
    elif way == "expired":
        await run_out(admin)
        with pytest.raises(Expired):
            await put(tenant, one, project, given, seen=1)
        with pytest.raises(NotFound):
            await read(tenant, one, given)
        await tenant.db.fetchval(_Q["expire"], tenant.db.token(tenant.id))
    elif way == "asked":
        actor = await tenant.actor(one)
        async with tenant.db.transaction(tenant.id) as tx:
            await delete_draft(tx, actor, lease=given)
    else:
        await end(tenant, one, given, way)  # pyright: ignore[reportArgumentType]
    assert await tenant.value("SELECT count(*) FROM tasks.draft") == 0
    if way not in {"asked", "expired"}:
        with pytest.raises(Conflict):
            await put(tenant, one, project, given)


async def test_renewal_extends_what_is_alive_and_says_what_is_not(
    tenant: Tenant, admin: Address, desk: tuple[Project, Person, UUID]
) -> None:
    _, one, given = desk
    two = await tenant.person()
    await run_as(admin, "UPDATE tasks.lease SET expires_at = now() + interval '5 s'")
    assert await renew(tenant, two, [given]) == []
    assert await renew(tenant, one, [given, tenant.id]) == [given]
    left = "SELECT extract(epoch FROM expires_at - now())::int FROM tasks.lease"
    assert 590 <= await tenant.value(left) <= 600
    # For ever is no length of a lease.
    await run_as(
        admin,
        "UPDATE tasks.lease SET granted_at = now() - interval '8 hours',"
        " expires_at = now() + interval '5 s'",
    )
    assert await renew(tenant, one, [given]) == [given]
    assert await tenant.value(left) <= 5
    await run_out(admin)
    assert await renew(tenant, one, [given]) == []
