"""The workspace token: its form, its proof, its life."""

from __future__ import annotations

import hmac
import re
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ground import Address, connected

from evenhand.platform import tokens
from evenhand.platform.db import Database
from evenhand.platform.migrations import AppLogin
from evenhand.platform.tokens import TokenMinter, hmac_pads

ONE = UUID(int=1)


@given(st.binary(max_size=64), st.binary(max_size=100))
def test_the_pads_make_the_hmac_of_rfc_2104(secret: bytes, message: bytes) -> None:
    """H(outer || H(inner || message)): what the database computes without an hmac()."""
    from hashlib import sha256

    inner, outer = hmac_pads(secret)
    made = sha256(outer + sha256(inner + message).digest()).digest()
    assert made == hmac.digest(secret, message, "sha256")


def test_the_form_is_the_documented_one() -> None:
    token = TokenMinter(bytes(32), lambda: 1000.9).token(ONE)
    assert re.fullmatch(rf"{ONE.hex}:1120:[0-9a-f]{{64}}", token)
    assert token[-64:] == hmac.new(bytes(32), token[:-65].encode(), "sha256").hexdigest()


def test_a_token_is_kept_for_a_while_and_always_good_for_ninety_seconds() -> None:
    now = [1000.0]
    minter = TokenMinter(bytes(32), lambda: now[0])
    first = minter.token(ONE)
    now[0] += 29.9
    assert minter.token(ONE) == first
    now[0] += 0.1
    second = minter.token(ONE)
    assert second != first
    for elapsed in range(0, 200, 7):
        now[0] = 2000.0 + elapsed
        assert int(minter.token(ONE).split(":")[1]) - now[0] >= 89


def test_each_workspace_has_its_own() -> None:
    minter = TokenMinter(bytes(32), lambda: 1000.0)
    assert minter.token(ONE)[-64:] != minter.token(UUID(int=2))[-64:]
    assert TokenMinter(b"x" * 32, lambda: 1000.0).token(ONE)[-64:] != minter.token(ONE)[-64:]


def test_what_is_kept_is_bounded() -> None:
    minter = TokenMinter(bytes(32), lambda: 1000.0)
    for number in range(10_050):
        minter.token(UUID(int=number))
    assert len(minter._kept) < 10_050


async def test_the_database_believes_it_until_its_own_clock_says_otherwise(
    login: AppLogin, db: Database
) -> None:
    now: float = await db.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8")
    for shift, believed in ((0.0, True), (-119.0, True), (-122.0, False)):
        token = TokenMinter(login.token_secret, lambda shift=shift: now + shift).token(ONE)
        async with db.pool.acquire() as app, app.transaction():
            await app.fetchval("SELECT set_config('evenhand.token', $1, true)", token)
            said = await app.fetchval("SELECT platform.current_workspace()")
        assert said == (ONE if believed else None)


async def test_a_clock_of_the_application_that_is_wrong_changes_nothing(
    login: AppLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reliability check 109: one clock, the database's."""
    import time

    for hours in (-1, 1):
        with monkeypatch.context() as patched:
            patched.setattr(time, "time", lambda hours=hours: 3600.0 * hours)
            db = await Database.connect(login.address, token_secret=login.token_secret, pool_size=1)
            workspace = uuid4()
            async with db.transaction(workspace) as tx:
                assert await tx.fetchval("SELECT platform.current_workspace()") == workspace
            await db.close()


async def test_the_secret_is_the_databases_own(login: AppLogin, admin: Address) -> None:
    async with connected(admin) as superuser:
        row = await superuser.fetchrow(
            "SELECT secret, inner_pad, outer_pad FROM platform.token_secret"
        )
    assert row["secret"] == login.token_secret
    assert (row["inner_pad"], row["outer_pad"]) == hmac_pads(login.token_secret)
    assert login.token_secret.hex() not in repr(login)
    assert login.address["password"] not in repr(login)
    assert tokens._TOKEN_TTL_S - tokens._REMINT_AFTER_S == 90
