"""What the tests of signing in share: a cheap hasher, callers, and members with a password."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from uuid import UUID

from tests.ground import Tenant

from evenhand.identity.doorkeeper import Caller, Doorkeeper
from evenhand.identity.model import Actor, Role
from evenhand.identity.passwords import HashParams, PasswordHasher
from evenhand.identity.second_factor import begin_factor, confirm_factor
from evenhand.identity.secrets import hash_secret
from evenhand.identity.sign_in import Entered, join, sign_in_with_code
from evenhand.identity.totp import STEP_S, code_at

CHEAP = HashParams(memory_kib=64, passes=1, lanes=1)
PASSWORD = "seven grey herons"
HERE = Caller(network="192.0.2.0/24", device="Chrome, Linux")


def far_away(number: int) -> Caller:
    """A browser in another network each time."""
    return Caller(network=f"198.51.{number}.0/24", device="Firefox, Windows")


def keeper_of(tenant: Tenant) -> Doorkeeper:
    """The service's own, with passwords that cost little."""
    keeper = tenant.service.doorkeeper
    keeper.hasher.close()
    keeper.hasher = PasswordHasher(keeper.key, CHEAP)
    return keeper


async def enter(tenant: Tenant, code: str) -> Entered:
    """A session by a one-time code."""
    entered = await sign_in_with_code(tenant.service.doorkeeper, HERE, code=code)
    assert isinstance(entered, Entered)
    return entered


@dataclass(frozen=True, slots=True)
class Inside:
    """A member who has come in by a link."""

    member: UUID
    email: str
    entered: Entered


async def come_in(
    tenant: Tenant,
    keeper: Doorkeeper,
    role: Role = "annotator",
    *,
    email: str | None = None,
    password: str = PASSWORD,
) -> Inside:
    member, address, code = await tenant.code(role, email=email)
    done = await join(keeper, HERE, code=code.secret, password=password)
    assert isinstance(done, Entered)
    return Inside(member, address, done)


async def actor_of(tenant: Tenant, entered: Entered) -> Actor:
    async with tenant.db.transaction(tenant.id) as tx:
        row = await tx.fetchrow(
            "SELECT workspace_id, member_id, person_id, party_id, vendor_id, name, role,"
            " simulated, credential_id, mode FROM identity.authenticate($1, $2, $3)",
            tenant.db.token(tenant.id),
            hash_secret(entered.session.secret),
            [entered.role],
        )
    assert row is not None
    return Actor(**row)


async def set_factor(tenant: Tenant, keeper: Doorkeeper, inside: Inside) -> tuple[bytes, list[str]]:
    """Gives the authenticator's secret and the recovery codes."""
    actor = await actor_of(tenant, inside.entered)
    async with tenant.db.transaction(tenant.id) as tx:
        text, _ = await begin_factor(keeper, tx, actor)
        secret = secret_from(text)
        code = code_at(secret, int(time.time()) // STEP_S - 1)
        codes = await confirm_factor(keeper, tx, actor, code=code)
    return secret, codes


def secret_from(text: str) -> bytes:
    """Base32 as it is shown, to bytes."""
    bare = text.replace(" ", "")
    return base64.b32decode(bare + "=" * (-len(bare) % 8))


def code_now(secret: bytes, *, steps: int = 0) -> str:
    return code_at(secret, int(time.time()) // STEP_S + steps)


async def leaf_kinds(tenant: Tenant) -> list[str]:
    """Kinds of everything that was logged or waits to be."""
    rows = await tenant.rows(
        "SELECT kind FROM (SELECT id, kind FROM transparency.intent"
        " UNION ALL SELECT intent_id, convert_from(leaf, 'UTF8') FROM transparency.entry) AS t"
    )
    return [row["kind"] for row in rows]
