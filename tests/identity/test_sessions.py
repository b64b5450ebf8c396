"""Sessions: alive while used, ended at once and everywhere, and nobody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.ground import Address, Tenant, run_as
from tests.identity.entrance import (
    HERE,
    PASSWORD,
    Inside,
    actor_of,
    come_in,
    keeper_of,
    set_factor,
)

from evenhand.identity import change_role, remove_member
from evenhand.identity.account import (
    account_of,
    check_new_password,
    prove_password,
    require_session,
    set_password,
)
from evenhand.identity.model import SessionNeeded, SignInRefused
from evenhand.identity.second_factor import (
    begin_factor,
    confirm_factor,
    make_recovery_codes,
    remove_factor,
)
from evenhand.identity.secrets import hash_secret
from evenhand.identity.sessions import (
    ABSOLUTE,
    IDLE,
    end_session,
    end_session_of,
    end_sessions,
    leave_session,
    list_sessions,
)
from evenhand.identity.sign_in import Entered, sign_in_with_password
from evenhand.platform.errors import Conflict, Forbidden, NotFound
from evenhand.platform.ids import new_id

DEAD = "sign_in_required"


async def again(tenant: Tenant, one: Inside) -> Entered:
    """Signs in once more, in another browser."""
    done = await sign_in_with_password(
        tenant.service.doorkeeper, HERE, email=one.email, password=PASSWORD
    )
    assert isinstance(done, Entered)
    return done


async def check_dead(tenant: Tenant, *gone: Entered) -> None:
    for one in gone:
        with pytest.raises(Exception, match=DEAD):
            await actor_of(tenant, one)


async def test_use_moves_the_idle_end_and_never_the_absolute_one(
    tenant: Tenant, admin: Address
) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    spent = timedelta(hours=11)
    await run_as(
        admin,
        f"UPDATE identity.credential SET ends_at = ends_at - interval '{spent}',"
        " expires_at = now() + interval '1 minute'",
    )
    keeper.watch.note(tenant.id, hash_secret(ada.entered.session.secret))
    keeper.watch.note(tenant.id, bytes(32))
    await keeper.watch.flush()
    (row,) = await tenant.rows(
        "SELECT expires_at, ends_at, expires_at - now() AS left FROM identity.credential"
        " WHERE id = $1",
        ada.entered.session.id,
    )
    assert row["expires_at"] == row["ends_at"]
    assert row["left"] < ABSOLUTE - spent < IDLE


async def test_what_is_over_is_not_brought_back_by_use(tenant: Tenant, admin: Address) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    await run_as(admin, "UPDATE identity.credential SET expires_at = now()")
    keeper.watch.note(tenant.id, hash_secret(ada.entered.session.secret))
    await keeper.watch.flush()
    await check_dead(tenant, ada.entered)


async def test_a_flood_of_notes_stays_bounded(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    for number in range(3000):
        keeper.watch.note(tenant.id, number.to_bytes(32, "big"))
    assert len(keeper.watch._seen) == 1000
    await keeper.watch.flush()
    assert not keeper.watch._seen


async def test_one_by_one_and_all_at_once(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada, bob = await come_in(tenant, keeper), await come_in(tenant, keeper)
    second, third = await again(tenant, ada), await again(tenant, ada)
    actor = await actor_of(tenant, ada.entered)
    async with tenant.db.transaction(tenant.id) as tx:
        listed = await list_sessions(tx, actor)
        assert [one["current"] for one in listed] == [False, False, True]
        assert {one["device"] for one in listed} == {HERE.device}
        await end_session(tx, actor, second.session.id)
        for other in (second.session.id, bob.entered.session.id, new_id()):
            with pytest.raises(NotFound):
                await end_session(tx, actor, other)
    await check_dead(tenant, second)
    await actor_of(tenant, bob.entered)
    async with tenant.db.transaction(tenant.id) as tx:
        assert await end_sessions(tx, tenant.id, ada.member, but=None, by=ada.member) == 2
    await check_dead(tenant, ada.entered, third)
    await actor_of(tenant, bob.entered)


async def test_signing_out_and_signing_in_over_it(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    second = await again(tenant, ada)
    actor = await actor_of(tenant, second)
    async with tenant.db.transaction(tenant.id) as tx:
        await end_session_of(tx, actor)
    await check_dead(tenant, second)
    await leave_session(tenant.db, "nonsense")
    await leave_session(tenant.db, tenant.owner.secret)
    await tenant.actor(tenant.owner)  # A key is no session.
    await leave_session(tenant.db, ada.entered.session.secret)
    await check_dead(tenant, ada.entered)


async def test_a_key_that_signs_out_revokes_itself(tenant: Tenant) -> None:
    who = await tenant.person()
    async with tenant.db.transaction(tenant.id) as tx:
        await end_session_of(tx, await tenant.actor(who))
    with pytest.raises(Exception, match=DEAD):
        await tenant.actor(who)


async def test_removal_and_another_role_end_sessions_and_keys(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    owner = await tenant.actor(tenant.owner)
    ada, bob = await come_in(tenant, keeper, "manager"), await come_in(tenant, keeper)
    async with tenant.db.transaction(tenant.id) as tx:
        assert await change_role(tx, owner, ada.member, role="annotator")
        assert not await change_role(tx, owner, ada.member, role="annotator")
        await remove_member(tx, owner, bob.member)
    await check_dead(tenant, ada.entered, bob.entered)
    done = await again(tenant, ada)
    assert done.role == "annotator"
    rows = "SELECT count(*) FROM identity.password WHERE member_id = $1"
    assert await tenant.value(rows, bob.member) == 0


async def test_nobody_raises_anybody_above_oneself(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    boss = await come_in(tenant, keeper, "manager")
    ada = await come_in(tenant, keeper)
    actor = await actor_of(tenant, boss.entered)
    async with tenant.db.transaction(tenant.id) as tx:
        for member, role in (
            (ada.member, "owner"),
            (tenant.owner.member, "annotator"),
            (boss.member, "annotator"),
        ):
            with pytest.raises(Forbidden):
                await change_role(tx, actor, member, role=role)  # type: ignore[arg-type]
        with pytest.raises(NotFound):
            await change_role(tx, actor, new_id(), role="annotator")


async def test_a_new_password_ends_the_other_sessions(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    second = await again(tenant, ada)
    actor = await actor_of(tenant, ada.entered)
    async with tenant.db.transaction(tenant.id) as tx:
        member = await require_session(tx, actor)
    with pytest.raises(SignInRefused):
        await prove_password(keeper, HERE, member, "wrong")
    await prove_password(keeper, HERE, member, PASSWORD)
    params, made = await check_new_password(keeper, member, "another long phrase")
    async with tenant.db.transaction(tenant.id) as tx:
        assert await set_password(tx, actor, params=params, made=made) == 1
        assert (await account_of(tx, actor))["password_set"] is True
    await check_dead(tenant, second)
    await actor_of(tenant, ada.entered)
    with pytest.raises(SignInRefused):
        await again(tenant, ada)


async def test_a_key_changes_nothing_about_how_its_member_signs_in(tenant: Tenant) -> None:
    async with tenant.db.transaction(tenant.id) as tx:
        with pytest.raises(SessionNeeded):
            await require_session(tx, await tenant.actor(tenant.owner))


async def test_a_second_factor_is_one_and_its_codes_need_it(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    actor = await actor_of(tenant, ada.entered)
    async with tenant.db.transaction(tenant.id) as tx:
        with pytest.raises(Conflict, match="Set up"):
            await make_recovery_codes(keeper, tx, actor)
        with pytest.raises(Conflict, match="wrong"):
            await confirm_factor(keeper, tx, actor, code="000000")
        first, uri = await begin_factor(keeper, tx, actor)
        second, _ = await begin_factor(keeper, tx, actor)
        assert first != second
        assert uri.startswith("otpauth://totp/Evenhand%20Acme:")
        with pytest.raises(Conflict, match="wrong"):
            await confirm_factor(keeper, tx, actor, code="0000000")
    _, codes = await set_factor(tenant, keeper, ada)
    async with tenant.db.transaction(tenant.id) as tx:
        with pytest.raises(Conflict, match="already"):
            await begin_factor(keeper, tx, actor)
        fresh = await make_recovery_codes(keeper, tx, actor)
        assert not set(codes) & set(fresh)
        stored = await tx.fetch("SELECT code_hash FROM identity.recovery_code")
        assert len(stored) == len(fresh) == 10
        assert await remove_factor(tx, tenant.id, ada.member, by=ada.member)
        assert not await remove_factor(tx, tenant.id, ada.member, by=ada.member)
        assert (await account_of(tx, actor))["second_factor"] is False


async def test_the_application_cannot_read_a_password_hash(tenant: Tenant) -> None:
    await come_in(tenant, keeper_of(tenant))
    with pytest.raises(Exception, match="permission denied"):
        await tenant.rows("SELECT hash FROM identity.password")
    for table in ("identity.service_key", "identity.throttle"):
        with pytest.raises(Exception, match="permission denied"):
            await tenant.rows(f"SELECT count(*) FROM {table}")
