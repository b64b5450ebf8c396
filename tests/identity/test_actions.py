"""Codes, members, keys: one use, one workspace, nobody above oneself, and an end at once."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import ANY
from uuid import UUID, uuid4

import asyncpg
import pytest
from tests.ground import Address, Person, Tenant, run_as
from tests.hands import lease, submit
from tests.identity.entrance import enter, leaf_kinds

from evenhand.identity import (
    CodeRefused,
    Minted,
    Role,
    accept_code,
    create_key,
    create_operator_key,
    find_once,
    invite,
    list_keys,
    list_workspace_names,
    remember_once,
    remove_member,
    revoke_key,
)
from evenhand.identity.actions import mac_email
from evenhand.identity.codes import issue_code, list_invitations, revoke_invitation
from evenhand.identity.model import IdempotencyKeyReused
from evenhand.identity.secrets import hash_secret, parse_secret, render_secret
from evenhand.platform.db import refusal_of
from evenhand.platform.errors import Conflict, Forbidden, NotFound, Unauthenticated
from evenhand.platform.ids import new_id, new_secret
from evenhand.platform.paging import FIRST

REFUSED = "The code is not valid (any more); ask for a new one."


async def refused_code(tenant: Tenant, code: str) -> None:
    with pytest.raises(CodeRefused) as refused:
        await accept_code(tenant.db, code)
    # Always the same words, whatever the reason.
    assert (refused.value.detail, refused.value.stable_code) == (REFUSED, "code_refused")


async def test_of_sixteen_at_once_one_uses_the_code(tenant: Tenant) -> None:
    member, _, code = await tenant.code()
    done = await asyncio.gather(
        *(accept_code(tenant.db, code.secret) for _ in range(16)),
        return_exceptions=True,
    )
    won = [one for one in done if not isinstance(one, BaseException)]
    assert len(won) == 1
    assert (won[0][1], won[0][3]) == (member, "annotator")
    assert all(isinstance(one, CodeRefused) for one in done if isinstance(one, BaseException))
    count = "SELECT count(*) FROM identity.credential WHERE member_id = $1"
    assert await tenant.value(count, member) == 1
    await refused_code(tenant, code.secret)


@pytest.mark.parametrize(
    "change",
    [
        "expires_at = now()",
        "revoked_at = now()",
        "used_at = now()",
    ],
)
async def test_a_dead_code_is_refused(tenant: Tenant, admin: Address, change: str) -> None:
    _, _, code = await tenant.code()
    await run_as(admin, f"UPDATE identity.invitation SET {change} WHERE id = '{code.id}'")
    await refused_code(tenant, code.secret)


async def test_a_code_of_a_removed_member_is_refused(tenant: Tenant) -> None:
    member, _, code = await tenant.code()
    await remove(tenant, member)
    await refused_code(tenant, code.secret)


async def test_what_is_no_code_of_ours_is_refused(tenant: Tenant, other_tenant: Tenant) -> None:
    _, _, code = await tenant.code()
    _, _, tail = code.secret.partition("_")
    for text in (
        "",
        "code",
        tenant.owner.secret,  # A key is no code.
        f"live_{tail}",
        render_secret("code", tenant.id, new_secret()),
        render_secret("code", uuid4(), new_secret()),
        # The same random part under another workspace's name.
        render_secret("code", other_tenant.id, tail[22:]),
    ):
        await refused_code(tenant, text)
    # None of these tries used it up.
    await accept_code(tenant.db, code.secret)


@pytest.mark.parametrize(("session", "kind"), [(False, "live"), (True, "session")])
async def test_a_code_gives_a_key_or_a_session(tenant: Tenant, session: bool, kind: str) -> None:
    _, _, code = await tenant.code("reviewer")
    if session:
        entered = await enter(tenant, code.secret)
        minted, name, role = entered.session, entered.name, entered.role
    else:
        minted, _, name, role = await accept_code(tenant.db, code.secret)
    assert parse_secret(minted.secret) == (kind, tenant.id)
    assert (name, role) == ("reviewer 1", "reviewer")
    (row,) = await tenant.rows(
        "SELECT secret_hash, expires_at FROM identity.credential WHERE id = $1", minted.id
    )
    assert row["secret_hash"] == hash_secret(minted.secret)
    assert (row["expires_at"] is not None) is session
    assert minted.secret not in repr(minted)


async def test_an_expired_session_is_no_credential(tenant: Tenant, admin: Address) -> None:
    member, email, code = await tenant.code()
    minted = (await enter(tenant, code.secret)).session
    who = Person(member, "annotator", minted.secret, email)
    await tenant.actor(who)
    await run_as(
        admin, f"UPDATE identity.credential SET expires_at = now() WHERE id = '{minted.id}'"
    )
    await refused_credential(tenant, who)


async def refused_credential(tenant: Tenant, who: Person) -> None:
    with pytest.raises(asyncpg.PostgresError) as refused:
        await tenant.actor(who)
    assert isinstance(refusal_of(refused.value), Unauthenticated)


async def try_invite(
    tenant: Tenant, by: Person, role: Role, *, email: str = "new@people.example"
) -> Minted:
    actor = await tenant.actor(by)
    async with tenant.db.transaction(tenant.id) as tx:
        return await invite(
            tx, actor, email=email, name="new", role=role, vendor=None, simulated=False,
            person_secret=tenant.service.person_secret, made=new_id(),
        )  # fmt: skip


async def test_nobody_invites_above_oneself(tenant: Tenant) -> None:
    manager = await tenant.person("manager")
    with pytest.raises(Forbidden) as refused:
        await try_invite(tenant, manager, "owner")
    assert refused.value.stable_code == "role_above_inviter"
    assert await tenant.value("SELECT count(*) FROM identity.member") == 2
    for number, role in enumerate(("manager", "reviewer", "annotator", "auditor", "operator")):
        await try_invite(tenant, manager, role, email=f"{number}@people.example")


async def test_a_person_is_a_member_once_however_the_address_is_written(tenant: Tenant) -> None:
    one = await tenant.person()
    for email in (one.email, one.email.upper(), f" {one.email} "):
        with pytest.raises(Conflict) as refused:
            await try_invite(tenant, tenant.owner, "annotator", email=email)
        assert refused.value.stable_code == "member_exists"


async def test_a_person_is_one_across_workspaces_and_its_address_is_not_told(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    here = await tenant.person(email="same@people.example")
    there = await other_tenant.person(email="Same@People.Example")
    one, other = await tenant.actor(here), await other_tenant.actor(there)
    assert one.person_id == other.person_id
    assert one.member_id != other.member_id
    secret = tenant.service.person_secret
    assert mac_email(secret, "same@people.example") == mac_email(secret, " SAME@people.example")
    assert mac_email(secret, "same@people.example") != mac_email(bytes(32), "same@people.example")


async def test_a_vendor_is_declared_first(tenant: Tenant) -> None:
    with pytest.raises(NotFound, match="vendor"):
        await tenant.code(vendor=uuid4())
    vendor = await tenant.party("Turing Labels")
    member, _, _ = await tenant.code(vendor=vendor)
    ties = await tenant.rows(
        "SELECT t.kind FROM parties.tie AS t JOIN identity.member AS m ON m.party_id = t.from_id"
        " WHERE m.id = $1 AND t.to_id = $2",
        member,
        vendor,
    )
    assert [row["kind"] for row in ties] == ["employment"]


async def remove(tenant: Tenant, member: object, *, by: Person | None = None) -> None:
    actor = await tenant.actor(by or tenant.owner)
    async with tenant.db.transaction(tenant.id) as tx:
        await remove_member(tx, actor, member)  # type: ignore[arg-type]


async def test_a_removed_members_credentials_end(tenant: Tenant) -> None:
    one = await tenant.person()
    await tenant.actor(one)
    await remove(tenant, one.member)
    await refused_credential(tenant, one)
    live = "SELECT count(*) FROM identity.credential WHERE member_id = $1 AND revoked_at IS NULL"
    assert await tenant.value(live, one.member) == 0
    with pytest.raises(NotFound):
        await remove(tenant, one.member)


async def test_whoever_was_removed_comes_back_as_a_new_member_with_the_same_past(
    tenant: Tenant,
) -> None:
    vendor = await tenant.party("Turing Labels")
    project = await tenant.project(judgments_per_item=9)
    await tenant.load(project, 2)
    one = await tenant.person(vendor=vendor)
    before = await tenant.actor(one)
    (held,) = await lease(tenant, one, project)
    await submit(tenant, one, project, held.lease_id)
    await remove(tenant, one.member)
    again = await tenant.person(email=one.email.upper(), vendor=vendor)
    after = await tenant.actor(again)
    assert after.member_id != before.member_id
    # Ties are of the party, walls of the person: both are what they were.
    assert (after.party_id, after.person_id) == (before.party_id, before.person_id)
    ties = "SELECT count(*) FROM parties.tie WHERE from_id = $1"
    assert await tenant.value(ties, after.party_id) == 1
    # What was judged stays with the old member, and the person gets no item twice.
    judged = await tenant.rows("SELECT annotator_id FROM judgments.judgment")
    assert [row["annotator_id"] for row in judged] == [one.member]
    fresh = await lease(tenant, again, project, hold=2)
    assert len(fresh) == 1
    assert fresh[0].item_id != held.item_id
    await refused_credential(tenant, one)
    with pytest.raises(Conflict):
        await try_invite(tenant, tenant.owner, "annotator", email=one.email)
    await remove(tenant, again.member)
    tries = await asyncio.gather(
        *(try_invite(tenant, tenant.owner, "annotator", email=one.email) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, Minted) for one in tries) == 1
    assert sum(isinstance(one, Conflict) for one in tries) == 3


async def invitations(tenant: Tenant) -> dict[str, dict[str, Any]]:
    """By address."""
    async with tenant.db.transaction(tenant.id) as tx:
        rows = await list_invitations(tx, tenant.id, after=FIRST, limit=100)
    assert len({row["email"] for row in rows}) == len(rows)
    return {row["email"]: row for row in rows}


async def revoke(tenant: Tenant, invitation: str, *, by: Person | None = None) -> None:
    actor = await tenant.actor(by or tenant.owner)
    async with tenant.db.transaction(tenant.id) as tx:
        await revoke_invitation(tx, actor, UUID(invitation))


async def test_open_invitations_are_listed_and_revoked(tenant: Tenant, admin: Address) -> None:
    vendor = await tenant.party("Turing Labels")
    member, email, code = await tenant.code(vendor=vendor)
    await tenant.person()
    _, late, old = await tenant.code("reviewer")
    await run_as(admin, f"UPDATE identity.invitation SET expires_at = now() WHERE id = '{old.id}'")
    found = await invitations(tenant)
    assert {address: row["state"] for address, row in found.items()} == {
        email: "open",
        late: "expired",
    }
    row = found[email]
    assert (row["id"], row["member_id"], row["role"]) == (str(code.id), str(member), "annotator")
    assert row["vendor"] == {"id": str(vendor), "name": "Turing Labels"}
    assert row["invited_by"]["id"] == str(tenant.owner.member)
    assert code.secret not in str(found)
    await revoke(tenant, row["id"])
    await refused_code(tenant, code.secret)
    for gone in (row["id"], found[late]["id"], str(uuid4())):
        with pytest.raises(NotFound):
            await revoke(tenant, gone)
    assert (await invitations(tenant))[email]["state"] == "revoked"
    actor = await tenant.actor(tenant.owner)
    async with tenant.db.transaction(tenant.id) as tx:
        anew = await issue_code(tx, actor, member)
    assert (await invitations(tenant))[email] == {
        **row,
        "id": str(anew.id),
        "invited_at": ANY,
        "expires_at": ANY,
    }
    async with asyncio.timeout(20):
        while "invitation.revoked/1" not in await leaf_kinds(tenant):
            await asyncio.sleep(0.05)
    await accept_code(tenant.db, anew.secret)
    assert email not in await invitations(tenant)
    with pytest.raises(NotFound):
        await revoke(tenant, str(anew.id))


async def test_of_a_revocation_and_an_entry_at_once_one_wins(tenant: Tenant) -> None:
    for _ in range(4):
        _, _, code = await tenant.code()
        entered, revoked = await asyncio.gather(
            accept_code(tenant.db, code.secret),
            revoke(tenant, str(code.id)),
            return_exceptions=True,
        )
        assert isinstance(entered, CodeRefused) != isinstance(revoked, NotFound)


async def test_nobody_revokes_the_invitation_of_somebody_above(tenant: Tenant) -> None:
    manager = await tenant.person("manager")
    _, _, code = await tenant.code("owner")
    with pytest.raises(Forbidden) as refused:
        await revoke(tenant, str(code.id), by=manager)
    assert refused.value.stable_code == "role_above_inviter"
    await accept_code(tenant.db, code.secret)


async def test_who_cannot_be_removed_or_signed_in(tenant: Tenant, other_tenant: Tenant) -> None:
    manager = await tenant.person("manager")
    foreign = await other_tenant.person()
    for member in (tenant.owner.member, manager.member):  # Above oneself, and oneself.
        with pytest.raises(Forbidden) as refused:
            await remove(tenant, member, by=manager)
        assert refused.value.stable_code == "cannot_remove"
    for member in (uuid4(), foreign.member):
        with pytest.raises(NotFound):
            await remove(tenant, member)
    actor = await tenant.actor(manager)
    async with tenant.db.transaction(tenant.id) as tx:
        with pytest.raises(Forbidden) as refused:
            await issue_code(tx, actor, tenant.owner.member)
        assert refused.value.stable_code == "role_above_inviter"
        with pytest.raises(NotFound):
            await issue_code(tx, actor, foreign.member)
        code = await issue_code(tx, actor, manager.member)
    entered = await enter(tenant, code.secret)
    assert entered.member == manager.member
    assert parse_secret(entered.session.secret) == ("session", tenant.id)


async def test_a_key_has_its_own_role_and_ends_when_revoked(tenant: Tenant) -> None:
    owner = tenant.owner.member
    async with tenant.db.transaction(tenant.id) as tx:
        minted = await create_key(
            tx, tenant.id, by=owner, member=owner, role="auditor", mode="test"
        )
    who = Person(owner, "auditor", minted.secret)
    assert parse_secret(minted.secret) == ("test", tenant.id)
    assert (await tenant.actor(who)).role == "auditor"
    async with tenant.db.transaction(tenant.id) as tx:
        await revoke_key(tx, tenant.id, by=owner, key=minted.id)
        with pytest.raises(NotFound):
            await revoke_key(tx, tenant.id, by=owner, key=minted.id)
        keys = await list_keys(tx, tenant.id, after=FIRST, limit=10)
    await refused_credential(tenant, who)
    assert [(key["role"], key["revoked"]) for key in keys] == [("owner", False), ("auditor", True)]
    assert minted.secret not in str(keys)


async def test_an_operators_key_is_the_first_owners(tenant: Tenant) -> None:
    async with tenant.db.transaction(tenant.id) as tx:
        minted = await create_operator_key(tx, tenant.id, role="operator", mode="live")
    actor = await tenant.actor(Person(tenant.owner.member, "operator", minted.secret))
    assert (actor.member_id, actor.role) == (tenant.owner.member, "operator")
    assert not actor.may("tasks.lease")
    assert actor.may("me.read")


async def test_without_an_owner_there_is_no_operators_key(tenant: Tenant, admin: Address) -> None:
    await run_as(admin, "UPDATE identity.member SET removed_at = now()")
    async with tenant.db.transaction(tenant.id) as tx:
        with pytest.raises(NotFound, match="no owner"):
            await create_operator_key(tx, tenant.id, role="manager", mode="live")


async def test_an_idempotency_key_is_bound_to_its_request_and_its_actor(tenant: Tenant) -> None:
    owner = await tenant.actor(tenant.owner)
    manager = await tenant.actor(await tenant.person("manager"))
    first, other, mac = new_id(), new_id(), bytes(32)
    async with tenant.db.transaction(tenant.id) as tx:
        assert await find_once(tx, owner, key="k") is None
        assert await remember_once(tx, owner, key=None, request_mac=mac, made=first) is None
        assert await remember_once(tx, owner, key="k", request_mac=mac, made=first) is None
        assert await remember_once(tx, owner, key="k", request_mac=mac, made=other) == first
        assert await find_once(tx, owner, key="k") == first
        assert await remember_once(tx, manager, key="k", request_mac=mac, made=other) is None
        with pytest.raises(IdempotencyKeyReused):
            await remember_once(tx, owner, key="k", request_mac=b"1" * 32, made=other)


async def test_workspaces_are_listed_for_the_operator(tenant: Tenant, other_tenant: Tenant) -> None:
    listed = await list_workspace_names(tenant.db)
    assert listed == [(tenant.id, "Acme"), (other_tenant.id, "Bolt")]
