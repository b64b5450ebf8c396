"""Signing in: one answer for each wrong way, one winner of a race, nothing across workspaces."""

from __future__ import annotations

import asyncio
from unittest.mock import patch

import pytest
from tests.ground import Address, Tenant, run_as
from tests.identity.entrance import (
    CHEAP,
    HERE,
    PASSWORD,
    actor_of,
    code_now,
    come_in,
    keeper_of,
    leaf_kinds,
    set_factor,
)

from evenhand.identity import CodeRefused, issue_host_code, remove_member
from evenhand.identity.actions import change_role, invite
from evenhand.identity.codes import issue_code
from evenhand.identity.model import SignInRefused, TooManyTries
from evenhand.identity.passwords import HashParams, PasswordHasher
from evenhand.identity.sign_in import (
    Entered,
    Step,
    continue_sign_in,
    join,
    look_at_invitation,
    sign_in_with_code,
    sign_in_with_password,
)
from evenhand.platform.errors import Conflict, Invalid, Unauthenticated
from evenhand.platform.ids import new_id


async def try_password(tenant: Tenant, email: str, password: str) -> Entered | list[Step]:
    keeper = tenant.service.doorkeeper
    return await sign_in_with_password(keeper, HERE, email=email, password=password)


async def one_step(tenant: Tenant, email: str) -> Step:
    steps = await try_password(tenant, email, PASSWORD)
    assert isinstance(steps, list)
    (step,) = steps
    return step


async def test_a_link_sets_the_password_and_the_password_opens(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    done = await try_password(tenant, f" {ada.email.upper()}", PASSWORD)
    assert isinstance(done, Entered)
    assert (done.member, done.role, done.reset_at) == (ada.member, "annotator", None)
    assert done.session.secret != ada.entered.session.secret
    assert (await actor_of(tenant, done)).member_id == ada.member


async def test_every_wrong_way_gets_one_answer(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    _, invited, _ = await tenant.code()
    gone = await come_in(tenant, keeper)
    async with tenant.db.transaction(tenant.id) as tx:
        await remove_member(tx, await tenant.actor(tenant.owner), gone.member)
    said: set[tuple[str, str]] = set()
    for email, password in (
        (ada.email, PASSWORD + " "),
        (ada.email, PASSWORD.upper()),
        (ada.email, "x"),
        (invited, PASSWORD),
        (gone.email, PASSWORD),
        ("nobody@people.example", PASSWORD),
    ):
        with pytest.raises(SignInRefused) as refused:
            await try_password(tenant, email, password)
        said.add((refused.value.stable_code, refused.value.detail))
    assert len(said) == 1


async def test_an_unknown_address_costs_the_same_hash(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    for email in (ada.email, "nobody@people.example"):
        with patch.object(keeper.hasher, "_hash", wraps=keeper.hasher._hash) as hashed:
            with pytest.raises(SignInRefused):
                await try_password(tenant, email, "wrong")
            assert hashed.call_count == 1


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("e\u0301lan vital plus", "\u00e9lan vital plus"),
        ("  spaces at both ends  ", "spaces at both ends"),
        ("x" + "abcdefgh " * 28, "x" + "abcdefgh " * 28 + "y"),
    ],
)
async def test_passwords_are_compared_exactly(tenant: Tenant, good: str, bad: str) -> None:
    ada = await come_in(tenant, keeper_of(tenant), password=good)
    assert isinstance(await try_password(tenant, ada.email, good), Entered)
    with pytest.raises(SignInRefused):
        await try_password(tenant, ada.email, bad)


async def test_of_twenty_at_once_one_uses_the_link(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    member, email, code = await tenant.code()
    done = await asyncio.gather(
        *(
            join(keeper, HERE, code=code.secret, password=f"{PASSWORD} {number}")
            for number in range(20)
        ),
        return_exceptions=True,
    )
    (won,) = [number for number, one in enumerate(done) if isinstance(one, Entered)]
    assert all(isinstance(one, CodeRefused) for n, one in enumerate(done) if n != won)
    assert isinstance(await try_password(tenant, email, f"{PASSWORD} {won}"), Entered)
    live = "SELECT count(*) FROM identity.credential WHERE member_id = $1 AND kind = 'session'"
    assert await tenant.value(live, member) == 2


async def test_a_bad_password_or_a_look_does_not_use_the_link_up(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    _, email, code = await tenant.code("reviewer")
    seen = await look_at_invitation(tenant.db, code.secret)
    assert (seen.email, seen.role, seen.purpose) == (email, "reviewer", "join")
    with pytest.raises(Invalid):
        await join(keeper, HERE, code=code.secret, password="password123")
    await join(keeper, HERE, code=code.secret, password=PASSWORD)
    for again in (look_at_invitation(tenant.db, code.secret),
                  join(keeper, HERE, code=code.secret, password=PASSWORD),
                  sign_in_with_code(keeper, HERE, code=code.secret)):  # fmt: skip
        with pytest.raises(CodeRefused):
            await again


async def test_a_link_outlives_neither_its_time_nor_whoever_sent_it(
    tenant: Tenant, admin: Address
) -> None:
    keeper = keeper_of(tenant)
    manager = await tenant.person("manager")
    actor = await tenant.actor(manager)
    codes: list[str] = []
    for number in range(2):
        async with tenant.db.transaction(tenant.id) as tx:
            code = await invite(
                tx, actor, email=f"{number}@people.example", name="n", role="manager", vendor=None,
                simulated=False, person_secret=keeper.person_secret, made=new_id(),
            )  # fmt: skip
            codes.append(code.secret)
    await look_at_invitation(tenant.db, codes[0])
    owner = await tenant.actor(tenant.owner)
    async with tenant.db.transaction(tenant.id) as tx:
        await change_role(tx, owner, manager.member, role="reviewer")
    with pytest.raises(CodeRefused):
        await join(keeper, HERE, code=codes[0], password=PASSWORD)
    async with tenant.db.transaction(tenant.id) as tx:
        await change_role(tx, owner, manager.member, role="manager")
    await look_at_invitation(tenant.db, codes[0])
    await run_as(admin, "UPDATE identity.invitation SET expires_at = now()")
    with pytest.raises(CodeRefused):
        await look_at_invitation(tenant.db, codes[0])
    async with tenant.db.transaction(tenant.id) as tx:
        await remove_member(tx, owner, manager.member)
    with pytest.raises(CodeRefused):
        await sign_in_with_code(keeper, HERE, code=codes[1])


async def test_another_workspaces_link_gives_nothing_here(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    """Who leads a workspace can invite anybody; the password set there is good there alone."""
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper, email="ada@people.example")
    there = await come_in(
        other_tenant, keeper, email="ada@people.example", password="chosen by somebody"
    )
    done = await try_password(tenant, ada.email, "chosen by somebody")
    assert isinstance(done, Entered)
    assert done.member == there.member
    with pytest.raises(Exception, match="sign_in_required"):
        await actor_of(tenant, done)
    mine = await try_password(tenant, ada.email, PASSWORD)
    assert isinstance(mine, Entered)
    assert mine.member == ada.member


async def test_one_password_for_two_workspaces_leaves_the_choice(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    keeper = keeper_of(tenant)
    here = await come_in(tenant, keeper, email="ada@people.example")
    there = await come_in(other_tenant, keeper, email="ada@people.example")
    with patch.object(keeper.hasher, "_hash", wraps=keeper.hasher._hash) as hashed:
        steps = await try_password(tenant, "ada@people.example", PASSWORD)
    assert hashed.call_count == 1
    assert isinstance(steps, list)
    assert {step.workspace_name: step.second_factor for step in steps} == {
        "Acme": False,
        "Bolt": False,
    }
    for step, member in zip(steps, (here.member, there.member), strict=True):
        done = await continue_sign_in(keeper, HERE, ticket=step.ticket, code=None)
        assert done.member == member


async def test_a_code_of_the_authenticator_works_once_whoever_comes(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    secret, _ = await set_factor(tenant, keeper, ada)
    step = await one_step(tenant, ada.email)
    assert step.second_factor
    code = code_now(secret, steps=1)
    with patch("evenhand.identity.doorkeeper.SECOND_FACTOR", _endless()):
        done = await asyncio.gather(
            *(
                continue_sign_in(keeper, HERE, ticket=step.ticket, code=typed)
                for typed in [code, f" {code}", f"{code[:3]} {code[3:]}"] * 11
            ),
            return_exceptions=True,
        )
        assert sum(isinstance(one, Entered) for one in done) == 1
        assert all(isinstance(one, Entered | SignInRefused) for one in done)
        for earlier in (code, code_now(secret), code_now(secret, steps=-1)):
            with pytest.raises(SignInRefused):
                await continue_sign_in(keeper, HERE, ticket=step.ticket, code=earlier)


def _endless() -> object:
    from evenhand.identity.rules import Limit

    return Limit("second-factor", free=1000, most_s=1.0)


async def test_a_recovery_code_works_once_whoever_comes(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    _, codes = await set_factor(tenant, keeper, ada)
    step = await one_step(tenant, ada.email)
    with patch("evenhand.identity.doorkeeper.SECOND_FACTOR", _endless()):
        done = await asyncio.gather(
            *(
                continue_sign_in(keeper, HERE, ticket=step.ticket, code=codes[0].upper())
                for _ in range(20)
            ),
            return_exceptions=True,
        )
    assert sum(isinstance(one, Entered) for one in done) == 1
    await continue_sign_in(keeper, HERE, ticket=step.ticket, code=codes[1].replace("-", " "))
    left = "SELECT count(*) FROM identity.recovery_code WHERE used_at IS NULL"
    assert await tenant.value(left) == 8


async def test_guessing_the_second_factor_has_to_wait(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    await set_factor(tenant, keeper, ada)
    step = await one_step(tenant, ada.email)
    done = await asyncio.gather(
        *(
            continue_sign_in(keeper, HERE, ticket=step.ticket, code=f"{number:06}")
            for number in range(20)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(one, SignInRefused) for one in done) == 5
    assert sum(isinstance(one, TooManyTries) for one in done) == 15


async def test_a_ticket_dies_with_the_password_and_with_time(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    secret, _ = await set_factor(tenant, keeper, ada)
    step = await one_step(tenant, ada.email)
    for ticket in ("", "x", step.ticket[:-4], step.ticket + "AAAA", "é", "A" * 400):
        with pytest.raises(SignInRefused):
            await continue_sign_in(keeper, HERE, ticket=ticket, code=code_now(secret, steps=1))
    later = keeper.db.now_s() + 301
    with patch.object(keeper.db, "now_s", return_value=later), pytest.raises(SignInRefused):
        await continue_sign_in(keeper, HERE, ticket=step.ticket, code=code_now(secret, steps=1))
    async with tenant.db.transaction(tenant.id) as tx:
        await issue_host_code(tx, tenant.id, ada.member, reset=True)
    with pytest.raises(SignInRefused, match="begin again"):
        await continue_sign_in(keeper, HERE, ticket=step.ticket, code=code_now(secret, steps=1))


async def test_a_code_does_not_go_round_the_second_factor(tenant: Tenant) -> None:
    from evenhand.identity import accept_code

    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    secret, _ = await set_factor(tenant, keeper, ada)
    async with tenant.db.transaction(tenant.id) as tx:
        code = await issue_host_code(tx, tenant.id, ada.member, reset=False)
    with pytest.raises(CodeRefused, match="second factor"):
        await accept_code(tenant.db, code.secret)
    step = await sign_in_with_code(keeper, HERE, code=code.secret)
    assert isinstance(step, Step)
    with pytest.raises(SignInRefused):
        await continue_sign_in(keeper, HERE, ticket=step.ticket, code=None)
    done = await continue_sign_in(keeper, HERE, ticket=step.ticket, code=code_now(secret, steps=1))
    assert done.member == ada.member


async def test_a_reset_ends_everything_and_is_told(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    async with tenant.db.transaction(tenant.id) as tx:
        code = await issue_host_code(tx, tenant.id, ada.member, reset=True)
    with pytest.raises(Exception, match="sign_in_required"):
        await actor_of(tenant, ada.entered)
    with pytest.raises(SignInRefused):
        await try_password(tenant, ada.email, PASSWORD)
    with pytest.raises(CodeRefused):  # A new password, and nothing else.
        await sign_in_with_code(keeper, HERE, code=code.secret)
    await join(keeper, HERE, code=code.secret, password="another long phrase")
    done = await try_password(tenant, ada.email, "another long phrase")
    assert isinstance(done, Entered)
    assert done.reset_at is not None
    again = await try_password(tenant, ada.email, "another long phrase")
    assert isinstance(again, Entered)
    assert again.reset_at is None


async def test_nobody_gets_a_code_for_who_has_come_in(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    by_key = await tenant.person()
    owner = await tenant.actor(tenant.owner)
    for member in (ada.member, by_key.member):
        async with tenant.db.transaction(tenant.id) as tx:
            with pytest.raises(Conflict) as refused:
                await issue_code(tx, owner, member)
        assert refused.value.stable_code == "member_came_in"
    waiting, _, first = await tenant.code()
    simulated = await tenant.person(simulated=True)
    async with tenant.db.transaction(tenant.id) as tx:
        second = await issue_code(tx, owner, waiting)
        await issue_code(tx, owner, simulated.member)
        await issue_code(tx, owner, owner.member_id)
    with pytest.raises(CodeRefused):  # The newest one counts.
        await look_at_invitation(tenant.db, first.secret)
    await join(keeper, HERE, code=second.secret, password=PASSWORD)


async def test_a_password_of_yesterdays_cost_is_hashed_anew(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    keeper.hasher.close()
    dearer = HashParams(memory_kib=128, passes=2, lanes=1)
    keeper.hasher = PasswordHasher(keeper.key, dearer)
    for _ in range(2):
        assert isinstance(await try_password(tenant, ada.email, PASSWORD), Entered)
        stored = await tenant.value("SELECT params FROM identity.password")
        assert stored == dearer.render() != CHEAP.render()


async def test_each_event_is_a_leaf(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    await tenant.service.log.stop()  # What comes now waits where it can be read.
    with pytest.raises(Unauthenticated):
        await try_password(tenant, ada.email, "wrong")
    await set_factor(tenant, keeper, ada)
    async with tenant.db.transaction(tenant.id) as tx:
        await issue_host_code(tx, tenant.id, ada.member, reset=True, drop_factor=True)
    async with asyncio.timeout(5):
        while "sign_in.refused/1" not in await leaf_kinds(tenant):
            await asyncio.sleep(0.02)
    assert set(await leaf_kinds(tenant)) >= {
        "sign_in.refused/1",
        "second_factor.enabled/1",
        "recovery_codes.made/1",
        "second_factor.removed/1",
        "session.ended/1",
        "code.issued/1",
    }
