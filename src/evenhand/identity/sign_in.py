"""Signing in: by password and second factor, by one-time code, by invitation link.

```
address + password ─► memberships whose password it is ─► one, without second factor: session
                                                      └─► else: a ticket each ─► code ─► session
code ─────────────► first entry or a further browser ─► session (or ticket, if there is a factor)
link + new password ─► password set, earlier sessions ended ─► session (or ticket)
```

Unknown address, wrong password, no password: one answer, and the same work before it.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from evenhand.platform.db import DATABASE_FAULTS
from evenhand.platform.errors import EvenhandError
from evenhand.platform.queries import load_queries
from evenhand.transparency import intend

from .actions import mac_email
from .doorkeeper import ticket_refused
from .model import POLICY_HASH, ROLES, CodeRefused, SignInRefused
from .rules import check_password
from .second_factor import use_code
from .secrets import hash_secret, parse_secret
from .sessions import begin_session, end_sessions

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from evenhand.platform.db import Database, Tx

    from .doorkeeper import Caller, Doorkeeper, Match
    from .model import Minted, Role

__all__ = [
    "Entered", "Invitation", "Step", "continue_sign_in", "join", "look_at_invitation",
    "sign_in_with_code", "sign_in_with_password",
]  # fmt: skip

_Q = load_queries(__package__ or "")
_LOG = logging.getLogger(__name__)
_CODE_REFUSED: Final = "The code is not valid (any more); ask for a new one."
_WRONG: Final = "The address and the password do not fit together."
_later: set[asyncio.Task[None]] = set()


@dataclass(frozen=True, slots=True)
class Entered:
    """A new session. `reset_at`: when the password was reset, if the member does not know yet."""

    session: Minted
    member: UUID
    name: str
    role: Role
    device_cookie: str | None = None
    reset_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A workspace that the way may lead into, and what is still asked for."""

    workspace: UUID
    workspace_name: str
    second_factor: bool
    ticket: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a live link is for."""

    workspace_name: str
    name: str
    email: str
    role: Role
    purpose: str
    expires_at: datetime


async def sign_in_with_password(
    keeper: Doorkeeper, caller: Caller, *, email: str, password: str
) -> Entered | list[Step]:
    """A session when one membership has this password and no second factor, else the steps left.

    Raises:
        SignInRefused: no such account, or not its password.
        TooManyTries, SignInBusy: later.
    """
    person_mac = mac_email(keeper.person_secret, email)
    taken = await keeper.take_password_try(caller, person_mac)
    found = await keeper.match(password, person_mac)
    good = [one for one in found if one.matched]
    if not good:
        _log_later(keeper.db, found)
        raise SignInRefused(_WRONG)
    await keeper.give_back(taken)
    entered, steps = None, list[Step]()
    for match in good:
        async with keeper.db.transaction(match.workspace) as tx:
            member = await tx.fetchrow(_Q["get_member"], match.workspace, match.member)
            if member is None:
                continue
            if match.stale:
                await keeper.rehash(tx, match, password, person_mac)
            steps.append(_step(keeper, match.workspace, member))
            if len(good) == 1 and not steps[0].second_factor:
                entered = await _enter(
                    tx, match.workspace, member, caller, by="password",
                    cookie=keeper.device_cookie(person_mac),
                )  # fmt: skip
    if not steps:
        raise SignInRefused(_WRONG)
    return entered or steps


async def continue_sign_in(
    keeper: Doorkeeper, caller: Caller, *, ticket: str, code: str | None
) -> Entered:
    """The last step: a session in the ticket's workspace.

    Raises:
        SignInRefused: ticket too old, password changed meanwhile, or the code is wrong.
        TooManyTries: later.
    """
    way = keeper.read_ticket(ticket)
    async with keeper.db.transaction(way.workspace) as tx:
        member = await tx.fetchrow(_Q["get_member"], way.workspace, way.member)
        if member is None or (way.since is not None and member["changed_at"] != way.since):
            raise ticket_refused()
        by = "code" if way.since is None else "password"
    if member["confirmed_at"] is not None:
        taken = await keeper.take_code_try(way.workspace, way.member)
        by = f"{by}+{await use_code(keeper, way.workspace, way.member, code or '')}"
        await keeper.give_back(taken)
    cookie = keeper.device_cookie(mac_email(keeper.person_secret, member["email"]))
    async with keeper.db.transaction(way.workspace) as tx:
        present = await tx.fetchrow(_Q["get_member"], way.workspace, way.member)
        if present is None or present["changed_at"] != member["changed_at"]:
            raise ticket_refused()
        return await _enter(tx, way.workspace, present, caller, by=by, cookie=cookie)


async def sign_in_with_code(keeper: Doorkeeper, caller: Caller, *, code: str) -> Entered | Step:
    """Use up a one-time code for a session; a member's second factor is asked for all the same.

    Raises:
        CodeRefused: unknown, used, revoked, too old, or for a new password only.
    """
    workspace = _workspace_of(code)
    async with keeper.db.transaction(workspace) as tx:
        member = await _use(tx, workspace, code, purposes=["join", "self"])
        if member["confirmed_at"] is not None:
            return _step(keeper, workspace, member, by_code=True)
        return await _enter(tx, workspace, member, caller, by="code", cookie=None)


async def look_at_invitation(db: Database, code: str) -> Invitation:
    """What a link is for; it is not used up.

    Raises:
        CodeRefused: unknown, used, revoked or too old.
    """
    workspace = _workspace_of(code)
    async with db.transaction(workspace) as tx:
        row = await tx.fetchrow(_Q["find_invitation"], workspace, hash_secret(code), list(ROLES))
    if row is None:
        raise CodeRefused(_CODE_REFUSED)
    return Invitation(
        row["workspace"], row["name"], row["email"], row["role"], row["purpose"], row["expires_at"]
    )


async def join(keeper: Doorkeeper, caller: Caller, *, code: str, password: str) -> Entered | Step:
    """Use up a link to set the member's password; every earlier session ends.

    Raises:
        CodeRefused: unknown, used, revoked or too old.
        Invalid: the password will not do; the link stays good.
        SignInBusy: later.
    """
    workspace = _workspace_of(code)
    invitation = await look_at_invitation(keeper.db, code)
    check_password(
        password, email=invitation.email, names=(invitation.name, invitation.workspace_name)
    )
    person_mac = mac_email(keeper.person_secret, invitation.email)
    params, made = await keeper.hash(password, person_mac)
    async with keeper.db.transaction(workspace) as tx:
        member = await _use(tx, workspace, code, purposes=["join", "self", "reset"])
        reset = invitation.purpose == "reset"
        await tx.execute(
            _Q["set_password"], workspace, member["id"], member["person_id"], params, made, reset
        )
        await end_sessions(tx, workspace, member["id"], but=None, by=member["id"])
        await tx.execute(_Q["revoke_invitations_of"], workspace, member["id"])
        await intend(
            tx, workspace, "password.changed/1", actor=member["id"], policy=POLICY_HASH,
            target=member["id"], purpose="reset" if reset else "invitation",
        )  # fmt: skip
        if member["confirmed_at"] is not None:
            return _step(keeper, workspace, member, by_code=True)
        return await _enter(
            tx, workspace, member, caller, by="link", cookie=keeper.device_cookie(person_mac),
            tell=False,
        )  # fmt: skip


def _workspace_of(code: str) -> UUID:
    parsed = parse_secret(code)
    if parsed is None or parsed[0] != "code":
        raise CodeRefused(_CODE_REFUSED)
    return parsed[1]


async def _use(tx: Tx, workspace: UUID, code: str, *, purposes: list[str]) -> Any:  # noqa: ANN401 - a row
    used = await tx.fetchrow(
        _Q["use_invitation"], workspace, hash_secret(code), list(ROLES), purposes
    )
    member = used and await tx.fetchrow(_Q["get_member"], workspace, used["member_id"])
    if not member:
        raise CodeRefused(_CODE_REFUSED)
    return member


def _step(keeper: Doorkeeper, workspace: UUID, member: Any, *, by_code: bool = False) -> Step:  # noqa: ANN401 - a row
    since = None if by_code else member["changed_at"]
    return Step(
        workspace,
        member["workspace"],
        member["confirmed_at"] is not None,
        keeper.ticket(workspace, member["id"], since),
    )


async def _enter(
    tx: Tx, workspace: UUID, member: Any, caller: Caller, *, by: str, cookie: str | None,  # noqa: ANN401 - a row
    tell: bool = True,
) -> Entered:  # fmt: skip
    session = await begin_session(
        tx, workspace, member["id"], role=member["role"], device=caller.device, purpose=by
    )
    if tell:
        await tx.execute(_Q["tell_reset"], workspace, member["id"])
    return Entered(
        session, member["id"], member["name"], member["role"], cookie,
        member["reset_at"] if tell else None,
    )  # fmt: skip


def _log_later(db: Database, found: list[Match]) -> None:
    """A wrong password is an entry in the log of each workspace that it was tried on. Written after
    the answer: it must not take longer for an account that exists.
    """
    if found:
        task = asyncio.get_running_loop().create_task(_log_refusals(db, found))
        _later.add(task)
        task.add_done_callback(_later.discard)


async def _log_refusals(db: Database, found: list[Match]) -> None:
    for match in found:
        try:
            async with db.transaction(match.workspace) as tx:
                await intend(
                    tx, match.workspace, "sign_in.refused/1",
                    actor=None, policy=POLICY_HASH, target=match.member,
                )  # fmt: skip
        except (*DATABASE_FAULTS, EvenhandError) as error:
            _LOG.warning("a refused sign-in could not be logged: %s", type(error).__name__)
