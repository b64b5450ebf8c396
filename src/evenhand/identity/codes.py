"""One-time codes: the first entry, one's next browser, and the operator's help.

A code is `invitation.purpose`: `join` and `self` give a session or an API key, `reset` gives a new
password and nothing else. A member has one live code; the newest one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from evenhand.platform.errors import Conflict, Forbidden, NotFound
from evenhand.platform.ids import new_id, new_secret
from evenhand.platform.queries import load_queries
from evenhand.transparency import intend

from .credentials import issue_credential
from .model import POLICY_HASH, ROLES, CodeRefused, Minted
from .rules import outranks
from .second_factor import remove_factor
from .secrets import hash_secret, parse_secret, render_secret
from .sessions import end_sessions

if TYPE_CHECKING:
    from uuid import UUID

    from evenhand.platform.db import Database, Tx

    from .model import Actor, Role

__all__ = [
    "accept_code",
    "issue_code",
    "issue_host_code",
    "list_invitations",
    "new_code",
    "revoke_invitation",
]

_Q = load_queries(__package__ or "")
_CODE_TTL = timedelta(days=7)
_SHORT_TTL = timedelta(hours=1)


async def issue_code(tx: Tx, actor: Actor, member: UUID) -> Minted:
    """A new one-time code: for oneself, for a simulated member, or for whoever never came in.

    Nobody signs in as somebody else (docs/adr/0008): who has come in and cannot any more is helped
    by the operator on the host.

    Raises:
        NotFound: no such present member.
        Forbidden: a member above the actor.
        Conflict: somebody else who has come in.
    """
    row = await tx.fetchrow(_Q["get_member"], actor.workspace_id, member)
    if row is None:
        raise NotFound("There is no such member.")
    if outranks(row["role"], actor.role):
        raise Forbidden(
            f"A {actor.role} cannot sign a {row['role']} in.", code="role_above_inviter"
        )
    own = member == actor.member_id
    if not (own or row["simulated"]) and await tx.fetchval(
        _Q["has_come_in"], actor.workspace_id, member
    ):
        raise Conflict(
            "This person has come in, so nobody else gets a code for the account; if it cannot be"
            " used any more, the operator resets it on the host (evenhand member reset).",
            code="member_came_in",
        )
    code = await new_code(
        tx, actor.workspace_id, member, invited_by=actor.member_id,
        purpose="self" if own else "join",
    )  # fmt: skip
    await intend(
        tx,
        actor.workspace_id,
        "code.issued/1",
        actor=actor.member_id,
        policy=POLICY_HASH,
        target=member,
        purpose="self" if own else "join",
    )
    return code


async def list_invitations(
    tx: Tx, workspace: UUID, *, after: UUID, limit: int
) -> list[dict[str, Any]]:
    """Invitations that nobody has used, oldest first, without their codes.

    A member's newest one only; one that was revoked or is too old stays in the list until a new one
    takes its place.
    """
    return [
        {
            "id": str(row["id"]),
            "member_id": str(row["member_id"]),
            "name": row["name"],
            "email": row["email"],
            "role": row["role"],
            "vendor": _named(row["vendor_id"], row["vendor_name"]),
            "invited_by": _named(row["invited_by"], row["inviter_name"]),
            "invited_at": row["created_at"].isoformat(),
            "expires_at": row["expires_at"].isoformat(),
            "state": row["state"],
        }
        for row in await tx.fetch(_Q["list_invitations"], workspace, after, limit)
    ]


async def revoke_invitation(tx: Tx, actor: Actor, invitation: UUID) -> None:
    """The link is dead from this commit on; the person stays invited and can be given a new one.

    Raises:
        NotFound: no such invitation, or it was used, revoked or is too old.
        Forbidden: an invitation into a role above the actor's.
    """
    workspace = actor.workspace_id
    row = await tx.fetchrow(_Q["invited_role"], workspace, invitation)
    if row is not None and outranks(row["role"], actor.role):
        raise Forbidden(
            f"A {actor.role} cannot revoke the invitation of a {row['role']}.",
            code="role_above_inviter",
        )
    if row is None or await tx.fetchval(_Q["revoke_invitation"], workspace, invitation) is None:
        raise NotFound("There is no such open invitation; it may have been used meanwhile.")
    await intend(
        tx,
        workspace,
        "invitation.revoked/1",
        actor=actor.member_id,
        policy=POLICY_HASH,
        target=row["member_id"],
        purpose=row["role"],
    )


def _named(party: UUID | None, name: str | None) -> dict[str, str | None] | None:
    return None if party is None else {"id": str(party), "name": name}


async def issue_host_code(
    tx: Tx, workspace: UUID, member: UUID, *, reset: bool, drop_factor: bool = False
) -> Minted:
    """A code made on the host's command line: for the next entry, or (reset) for a new password.

    A reset ends the member's sessions and voids the password at once; the member is told at the
    next sign-in, and the log says it.

    Raises:
        NotFound: no such present member.
    """
    if await tx.fetchval(_Q["get_member"], workspace, member) is None:
        raise NotFound("There is no such member.")
    if reset:
        await tx.execute(_Q["forget_password"], workspace, member)
        await end_sessions(tx, workspace, member, but=None, by=None)
    if drop_factor:
        await remove_factor(tx, workspace, member, by=None)
    code = await new_code(
        tx, workspace, member, invited_by=None, purpose="reset" if reset else "self"
    )
    await intend(
        tx,
        workspace,
        "code.issued/1",
        actor=None,
        policy=POLICY_HASH,
        target=member,
        purpose="host_reset" if reset else "host",
    )
    return code


async def accept_code(db: Database, code: str) -> tuple[Minted, UUID, str, Role]:
    """Use up a one-time code. Gives an API key, and member id, name and role.

    Raises:
        CodeRefused: unknown, used, revoked, too old, or for a new password only.
    """
    parsed = parse_secret(code)
    if parsed is None or parsed[0] != "code":
        raise CodeRefused("The code is not valid (any more); ask for a new one.")
    workspace = parsed[1]
    async with db.transaction(workspace) as tx:
        row = await tx.fetchrow(
            _Q["use_invitation"], workspace, hash_secret(code), list(ROLES), ["join", "self"]
        )
        if row is None:
            raise CodeRefused("The code is not valid (any more); ask for a new one.")
        member: UUID = row["member_id"]
        role: Role = row["role"]
        await _refuse_factor(tx, workspace, member)
        minted = await issue_credential(
            tx, workspace, member, role=role, kind="key", mode="live", ttl=None
        )
        await intend(
            tx,
            workspace,
            "key.created/1",
            actor=member,
            policy=POLICY_HASH,
            target=minted.id,
            purpose=role,
        )
    return minted, member, row["name"], role


async def _refuse_factor(tx: Tx, workspace: UUID, member: UUID) -> None:
    """A code alone gives no API key to a member who asked for a second factor."""
    row = await tx.fetchrow(_Q["get_member"], workspace, member)
    if row is not None and row["confirmed_at"] is not None:
        raise CodeRefused("This account has a second factor: sign in with a browser.")


async def new_code(
    tx: Tx, workspace: UUID, member: UUID, *, invited_by: UUID | None, purpose: str = "join"
) -> Minted:
    """The member's one live code: the newest. A first entry has a week, others an hour."""
    await tx.execute(_Q["revoke_invitations_of"], workspace, member)
    minted = Minted(new_id(), render_secret("code", workspace, new_secret()))
    await tx.execute(
        _Q["insert_invitation"],
        workspace,
        minted.id,
        hash_secret(minted.secret),
        member,
        invited_by,
        _CODE_TTL if purpose == "join" else _SHORT_TTL,
        purpose,
    )
    return minted
