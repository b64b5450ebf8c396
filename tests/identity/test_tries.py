"""Limits on tries: they hold for many at once, outsiders shut nobody out, and waiting ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.ground import Address, Tenant, run_as
from tests.identity.entrance import HERE, PASSWORD, come_in, far_away, keeper_of

from evenhand.identity.doorkeeper import Caller, Doorkeeper
from evenhand.identity.model import SignInBusy, SignInRefused, TooManyTries
from evenhand.identity.passwords import (
    AT_ONCE,
    DEFAULT_PARAMS,
    WAITING,
    HashParams,
    PasswordHasher,
    parse_params,
)
from evenhand.identity.rules import ACCOUNT, DEVICE, NETWORK
from evenhand.identity.service_key import ServiceKey
from evenhand.identity.sign_in import Entered, sign_in_with_password

KEY = ServiceKey(bytes(range(32)))


async def guess(keeper: Doorkeeper, caller: Caller, email: str, times: int) -> list[Any]:
    return await asyncio.gather(
        *(
            sign_in_with_password(keeper, caller, email=email, password=f"wrong {number}")
            for number in range(times)
        ),
        return_exceptions=True,
    )


def looked_at(done: list[Any]) -> int:
    assert all(isinstance(one, SignInRefused | TooManyTries) for one in done), done
    return sum(isinstance(one, SignInRefused) for one in done)


async def test_twenty_at_once_get_no_more_tries_than_one_after_the_other(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    assert looked_at(await guess(keeper, HERE, ada.email, 20)) == ACCOUNT.free
    with pytest.raises(TooManyTries) as waits:
        await sign_in_with_password(keeper, HERE, email=ada.email, password=PASSWORD)
    assert 1 <= waits.value.retry_after_s <= ACCOUNT.most_s
    assert waits.value.stable_code == "too_many_tries"


async def test_an_unknown_account_is_limited_alike(tenant: Tenant) -> None:
    assert looked_at(await guess(keeper_of(tenant), HERE, "no@people.example", 20)) == ACCOUNT.free


async def test_a_known_browser_gets_in_while_the_account_is_under_attack(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    for number in range(3):
        await guess(keeper, far_away(number), ada.email, 20)
    cookie = ada.entered.device_cookie
    assert cookie is not None
    known = replace(HERE, device_cookie=cookie)
    done = await sign_in_with_password(keeper, known, email=ada.email, password=PASSWORD)
    assert isinstance(done, Entered)
    # The cookie is a browser's, for one account, and has its own limit.
    bob = await come_in(tenant, keeper)
    await guess(keeper, far_away(9), bob.email, 20)
    for forged in (cookie, cookie[:-4], f"x{cookie}", ".", "", "é.é"):
        with pytest.raises(TooManyTries):
            await sign_in_with_password(
                keeper, replace(HERE, device_cookie=forged), email=bob.email, password=PASSWORD
            )
    assert looked_at(await guess(keeper, known, ada.email, 20)) == DEVICE.free


async def test_one_network_on_many_accounts_has_to_wait(tenant: Tenant) -> None:
    keeper = keeper_of(tenant)
    done: list[Any] = []
    for number in range(NETWORK.free + 5):
        done += await guess(keeper, HERE, f"{number}@people.example", 1)
    assert looked_at(done) == NETWORK.free
    # Another network does not wait.
    assert looked_at(await guess(keeper, far_away(1), "x@people.example", 1)) == 1


async def test_waiting_ends_and_a_success_begins_anew(tenant: Tenant, admin: Address) -> None:
    keeper = keeper_of(tenant)
    ada = await come_in(tenant, keeper)
    await guess(keeper, HERE, ada.email, 20)
    await run_as(admin, "UPDATE identity.throttle SET open_at = now()")
    done = await sign_in_with_password(keeper, HERE, email=ada.email, password=PASSWORD)
    assert isinstance(done, Entered)
    assert looked_at(await guess(keeper, HERE, ada.email, 20)) == ACCOUNT.free


async def test_waits_double_up_to_the_most_and_are_forgotten(
    tenant: Tenant, admin: Address
) -> None:
    keeper = keeper_of(tenant)
    email = "x@people.example"
    await guess(keeper, HERE, email, ACCOUNT.free)
    waits: list[int] = []
    for _ in range(9):
        (one,) = await guess(keeper, HERE, email, 1)
        assert isinstance(one, TooManyTries)
        waits.append(one.retry_after_s)
        await run_as(admin, "UPDATE identity.throttle SET open_at = now()")
        await guess(keeper, HERE, email, 1)
    assert waits[:4] == [1, 2, 4, 8]
    assert max(waits) == ACCOUNT.most_s
    await run_as(
        admin,
        "UPDATE identity.throttle SET open_at = now() - interval '2 hours',"
        " last_at = now() - interval '2 hours'",
    )
    assert looked_at(await guess(keeper, HERE, email, 20)) == ACCOUNT.free


async def test_no_more_hashes_than_there_is_room_for() -> None:
    hasher = PasswordHasher(KEY, HashParams(memory_kib=32_768, passes=2, lanes=1))

    def one(number: int) -> Any:
        return hasher.hash(f"p{number}", person_mac=bytes(32), params=hasher.params)

    done = await asyncio.gather(*(one(n) for n in range(60)), return_exceptions=True)
    refused = [each for each in done if isinstance(each, SignInBusy)]
    assert len(refused) == 60 - AT_ONCE - WAITING
    assert refused[0].retry_after_s >= 1
    # Afterwards there is room again, also when somebody went away meanwhile.
    gone = asyncio.ensure_future(one(1))
    await asyncio.sleep(0)
    gone.cancel()
    assert await one(1) == done[1]
    hasher.close()


async def test_the_hash_is_argon2id_under_the_services_key() -> None:
    from argon2.low_level import Type, hash_secret_raw

    params = HashParams(memory_kib=64, passes=3, lanes=4)
    hasher = PasswordHasher(KEY, params)
    made = await hasher.hash("pass word", person_mac=b"m" * 32, params=params)
    raw = hash_secret_raw(
        b"pass word", KEY.mac("password-salt", b"m" * 32)[:16], 3, 64, 4, 32, Type.ID
    )
    assert made == KEY.mac("password", raw)
    other = PasswordHasher(ServiceKey(bytes(range(1, 33))), params)
    assert await other.hash("pass word", person_mac=b"m" * 32, params=params) != made
    hasher.close()
    other.close()


def test_parameters_are_those_that_rfc_9106_recommends() -> None:
    assert HashParams(memory_kib=64 * 1024, passes=3, lanes=4) == DEFAULT_PARAMS
    assert parse_params(DEFAULT_PARAMS.render()) == DEFAULT_PARAMS
    for text in ("", "argon2i,v=19,m=1,t=1,p=1", "argon2id,v=16,m=1,t=1,p=1", "argon2id,v=19,m=1"):
        with pytest.raises(ValueError, match="no parameters"):
            parse_params(text)
