"""The second factor of a membership: TOTP, and ten recovery codes for when the phone is lost."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

from evenhand.platform.errors import Conflict
from evenhand.platform.ids import random_bytes
from evenhand.platform.queries import load_queries
from evenhand.transparency import intend

from .model import POLICY_HASH, SignInRefused
from .service_key import SealBroken
from .totp import SECRET_BYTES, find_step, render_secret_text, render_uri

if TYPE_CHECKING:
    from uuid import UUID

    from evenhand.platform.db import Tx

    from .doorkeeper import Doorkeeper
    from .model import Actor

__all__ = [
    "RECOVERY_CODES", "begin_factor", "confirm_factor", "make_recovery_codes", "normal_code",
    "remove_factor", "use_code",
]  # fmt: skip

_Q = load_queries(__package__ or "")
RECOVERY_CODES: Final = 10
_RECOVERY_CHARS: Final = 16
_WRONG: Final = "The code is wrong, too old, or was used before."


async def begin_factor(keeper: Doorkeeper, tx: Tx, actor: Actor) -> tuple[str, str]:
    """A new secret that waits for its first code: as text to type, and as an address to open.

    Raises:
        Conflict: there is a second factor already.
    """
    member = await tx.fetchrow(_Q["get_member"], actor.workspace_id, actor.member_id)
    if member is None:
        raise Conflict("The membership ended.")
    secret = random_bytes(SECRET_BYTES)
    sealed = keeper.key.seal("totp", secret, about=_about(actor.workspace_id, actor.member_id))
    done = await tx.fetchval(_Q["begin_second_factor"], actor.workspace_id, actor.member_id, sealed)
    if done is None:
        raise Conflict(
            "There is a second factor already; remove it first.", code="second_factor_exists"
        )
    issuer = f"Evenhand {member['workspace']}"
    return render_secret_text(secret), render_uri(secret, account=member["email"], issuer=issuer)


async def confirm_factor(keeper: Doorkeeper, tx: Tx, actor: Actor, *, code: str) -> list[str]:
    """The first code proves that the authenticator has the secret. Gives the recovery codes.

    Raises:
        SignInRefused: wrong code; none waits.
    """
    member = await tx.fetchrow(_Q["get_member"], actor.workspace_id, actor.member_id)
    step = None
    if member is not None and member["sealed"] is not None and member["confirmed_at"] is None:
        secret = _open(keeper, actor.workspace_id, actor.member_id, member["sealed"])
        step = find_step(secret, code, now_s=keeper.db.now_s())
    if step is None or not await tx.fetchval(
        _Q["confirm_second_factor"], actor.workspace_id, actor.member_id, step
    ):
        raise Conflict(_WRONG, code="second_factor_wrong")
    await _log(tx, actor, "second_factor.enabled/1")
    return await make_recovery_codes(keeper, tx, actor)


async def make_recovery_codes(keeper: Doorkeeper, tx: Tx, actor: Actor) -> list[str]:
    """Ten new codes, shown once; earlier ones are void.

    Raises:
        Conflict: there is no second factor that they could stand in for.
    """
    member = await tx.fetchrow(_Q["get_member"], actor.workspace_id, actor.member_id)
    if member is None or member["confirmed_at"] is None:
        raise Conflict("Set up a second factor first.", code="second_factor_missing")
    await tx.execute(_Q["forget_recovery_codes"], actor.workspace_id, actor.member_id)
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    for code in codes:
        hashed = _hash(keeper, actor.workspace_id, actor.member_id, code)
        await tx.execute(_Q["insert_recovery_code"], actor.workspace_id, actor.member_id, hashed)
    await _log(tx, actor, "recovery_codes.made/1")
    return codes


async def remove_factor(tx: Tx, workspace: UUID, member: UUID, *, by: UUID | None) -> bool:
    """Second factor and recovery codes are gone with this commit. Gives whether there was one."""
    await tx.execute(_Q["forget_recovery_codes"], workspace, member)
    if await tx.fetchval(_Q["remove_second_factor"], workspace, member) is None:
        return False
    await intend(
        tx, workspace, "second_factor.removed/1", actor=by, policy=POLICY_HASH, target=member
    )
    return True


async def use_code(keeper: Doorkeeper, workspace: UUID, member: UUID, code: str) -> str:
    """Use a code of the authenticator or a recovery code, in a transaction of its own, so that it
    is used up even if what follows fails. Gives which it was.

    Raises:
        SignInRefused: wrong, or used before.
    """
    async with keeper.db.transaction(workspace) as tx:
        row = await tx.fetchrow(_Q["get_member"], workspace, member)
        if row is None or row["confirmed_at"] is None:
            raise SignInRefused(_WRONG)
        secret = _open(keeper, workspace, member, row["sealed"])
        step = find_step(secret, code, now_s=keeper.db.now_s())
        if step is not None and await tx.fetchval(_Q["use_step"], workspace, member, step):
            return "totp"
        hashed = _hash(keeper, workspace, member, code)
        if step is None and await tx.fetchval(_Q["use_recovery_code"], workspace, member, hashed):
            await intend(
                tx, workspace, "recovery_code.used/1",
                actor=member, policy=POLICY_HASH, target=member,
            )  # fmt: skip
            return "recovery_code"
    raise SignInRefused(_WRONG)


def normal_code(code: str) -> str:
    """A recovery code as it is hashed: spaces, hyphens and capitals do not count."""
    return re.sub(r"[\s-]", "", code).lower()


def _new_recovery_code() -> str:
    """80 random bits: four groups of four letters and digits."""
    text = base64.b32encode(random_bytes(10)).decode().lower()
    return "-".join(text[place : place + 4] for place in range(0, _RECOVERY_CHARS, 4))


def _hash(keeper: Doorkeeper, workspace: UUID, member: UUID, code: str) -> bytes:
    return keeper.key.mac(
        "recovery-code", workspace.bytes, member.bytes, normal_code(code).encode()
    )


def _open(keeper: Doorkeeper, workspace: UUID, member: UUID, sealed: bytes) -> bytes:
    try:
        return keeper.key.open("totp", sealed, about=_about(workspace, member))
    except SealBroken as error:
        raise SignInRefused(
            "The second factor cannot be read; ask the operator to reset it."
        ) from error


def _about(workspace: UUID, member: UUID) -> bytes:
    return workspace.bytes + member.bytes


async def _log(tx: Tx, actor: Actor, kind: str) -> None:
    await intend(
        tx, actor.workspace_id, kind,
        actor=actor.member_id, policy=POLICY_HASH, target=actor.member_id,
    )  # fmt: skip
