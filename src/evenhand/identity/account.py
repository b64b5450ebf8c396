"""What members do about their own sign-in: password, second factor, sessions.

Nothing here works with an API key: a key may hold a lower role than its member, and a new password
would turn it into all that the member may do. Each change asks for the password once more, so that
an unlocked screen is not enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evenhand.platform.errors import Unauthenticated
from evenhand.platform.queries import load_queries
from evenhand.transparency import intend

from .actions import mac_email
from .model import POLICY_HASH, SessionNeeded, SignInRefused
from .rules import check_password
from .sessions import end_sessions

if TYPE_CHECKING:
    from evenhand.platform.db import Tx

    from .doorkeeper import Caller, Doorkeeper
    from .model import Actor

__all__ = ["account_of", "check_new_password", "prove_password", "require_session", "set_password"]

_Q = load_queries(__package__ or "")


async def account_of(tx: Tx, actor: Actor) -> dict[str, object]:
    """How the caller signs in. No secret."""
    member = await _member(tx, actor)
    return {
        "email": member["email"],
        "password_set": member["changed_at"] is not None,
        "password_changed_at": member["changed_at"] and member["changed_at"].isoformat(),
        "second_factor": member["confirmed_at"] is not None,
        "recovery_codes_left": member["codes_left"],
    }


async def require_session(tx: Tx, actor: Actor) -> Any:  # noqa: ANN401 - a row
    """The caller's membership, if it came with a session.

    Raises:
        SessionNeeded: with an API key.
    """
    credential = await tx.fetchrow(_Q["credential_kind"], actor.workspace_id, actor.credential_id)
    if credential is None or credential["kind"] != "session":
        raise SessionNeeded("Sign in with a browser for this; an API key is not enough.")
    return await _member(tx, actor)


async def prove_password(keeper: Doorkeeper, caller: Caller, member: Any, password: str) -> None:  # noqa: ANN401 - a row
    """The caller knows the password of this membership. Outside of any transaction: it takes long.

    Raises:
        SignInRefused: wrong, or none is set.
        TooManyTries, SignInBusy: later.
    """
    person_mac = mac_email(keeper.person_secret, member["email"])
    taken = await keeper.take_password_try(caller, person_mac)
    found = await keeper.match(password, person_mac)
    if not any(one.matched and one.member == member["id"] for one in found):
        raise SignInRefused("The password is wrong.")
    await keeper.give_back(taken)


async def check_new_password(
    keeper: Doorkeeper,
    member: Any,  # noqa: ANN401 - a row
    password: str,
) -> tuple[str, bytes]:
    """Parameters and hash of a password that will do. Outside of any transaction.

    Raises:
        Invalid: it will not do.
        SignInBusy: later.
    """
    check_password(password, email=member["email"], names=(member["name"], member["workspace"]))
    return await keeper.hash(password, mac_email(keeper.person_secret, member["email"]))


async def set_password(tx: Tx, actor: Actor, *, params: str, made: bytes) -> int:
    """The new password holds and every other session has ended with this commit. Gives how many."""
    member = await _member(tx, actor)
    await tx.execute(
        _Q["set_password"], actor.workspace_id, actor.member_id, member["person_id"], params, made,
        False,
    )  # fmt: skip
    await tx.execute(_Q["revoke_invitations_of"], actor.workspace_id, actor.member_id)
    ended = await end_sessions(
        tx, actor.workspace_id, actor.member_id, but=actor.credential_id, by=actor.member_id
    )
    await intend(
        tx, actor.workspace_id, "password.changed/1", actor=actor.member_id, policy=POLICY_HASH,
        target=actor.member_id, purpose="own",
    )  # fmt: skip
    return ended


async def _member(tx: Tx, actor: Actor) -> Any:  # noqa: ANN401 - a row
    member = await tx.fetchrow(_Q["get_member"], actor.workspace_id, actor.member_id)
    if member is None:
        raise Unauthenticated("The membership ended; sign in again.")
    return member
