"""The verbs of identity: make workspaces, invite, remove, change roles."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import asyncpg

from evenhand.parties import NewParty, declare_party, declare_tie
from evenhand.platform.errors import Conflict, Forbidden, NotFound
from evenhand.platform.ids import new_id
from evenhand.platform.queries import load_queries
from evenhand.sealing import Context
from evenhand.transparency import create_log, intend

from .codes import new_code
from .model import POLICY_HASH, ROLES, IdempotencyKeyReused
from .second_factor import remove_factor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from evenhand.platform.db import Database, Tx
    from evenhand.transparency import LogIdentity
    from evenhand.vault import KeyHolder

    from .model import Actor, Minted, Role

__all__ = [
    "NewWorkspace",
    "change_role",
    "create_workspace",
    "find_member_by_email",
    "find_once",
    "invite",
    "list_workspace_names",
    "log_key_context",
    "remember_once",
    "remove_member",
]

_Q = load_queries(__package__ or "")
_ORDER = {role: place for place, role in enumerate(ROLES)}


class NewWorkspace:
    """What making a workspace gives: ids, the owner's code, the log's public name."""

    def __init__(self, workspace: UUID, owner_code: Minted, log: LogIdentity) -> None:
        self.id = workspace
        self.owner_code = owner_code
        self.log = log


def mac_email(server_secret: bytes, email: str) -> bytes:
    """The keyed hash by which a person is known across workspaces."""
    label = b"evenhand/person/1\x00"
    return hmac.digest(server_secret, label + email.strip().casefold().encode(), "sha256")


async def create_workspace(
    db: Database,
    holder: KeyHolder,
    *,
    name: str,
    owner_email: str,
    domain: str | None,
    person_secret: bytes,
    also: Callable[[Tx, UUID], Awaitable[None]],
) -> NewWorkspace:
    """Make a workspace with its key, log, customer party, owner and the owner's one-time code.

    `also` is what the rooms above need in a new workspace, in the same transaction.

    The key is made first: a crash in between leaves a key file without a workspace, which is
    harmless; the other order would leave a workspace that can never be read.
    """
    workspace = new_id()
    holder.create(workspace)

    def wrap(field: str, child: bytes) -> bytes:
        return wrap_log_key(holder, workspace, field, child)

    async with db.transaction(workspace) as tx:
        log = await create_log(tx, workspace, wrap)
        customer = await declare_party(
            tx, workspace, NewParty(kind="organization", name=name, role="customer", domain=domain)
        )
        await tx.execute(_Q["insert_workspace"], workspace, name, customer)
        owner = await _insert_member(
            tx,
            workspace,
            made=new_id(),
            person_mac=mac_email(person_secret, owner_email),
            name=owner_email.split("@", maxsplit=1)[0] or owner_email,
            email=owner_email,
            role="owner",
            vendor=None,
            simulated=False,
        )
        code = await new_code(tx, workspace, owner, invited_by=None)
        await also(tx, workspace)
        await intend(
            tx, workspace, "workspace.created/1", actor=owner, policy=POLICY_HASH, target=owner
        )
    return NewWorkspace(workspace, code, log)


def wrap_log_key(holder: KeyHolder, workspace: UUID, field: str, child: bytes) -> bytes:
    """A log's key under the workspace's key."""
    return holder.wrap(workspace, log_key_context(workspace, field), child)


def log_key_context(workspace: UUID, field: str) -> Context:
    """The canonical name of a log's key: the workspace stands for project and object."""
    return Context(workspace, workspace, workspace, 1, field)


async def invite(
    tx: Tx,
    actor: Actor,
    *,
    email: str,
    name: str,
    role: Role,
    vendor: UUID | None,
    simulated: bool,
    person_secret: bytes,
    made: UUID,
) -> Minted:
    """A new member with the id `made`, who gets in with a one-time code. Gives the code.

    Whoever was removed can be invited again, as a new member: judgments, entries and what was shown
    stay with the old one, and the person's party and history with it are the same.

    Raises:
        Forbidden: a role above the inviter's.
        Conflict: the person is a member already.
    """
    if _ORDER[role] < _ORDER[actor.role]:
        raise Forbidden(f"A {actor.role} cannot invite a {role}.", code="role_above_inviter")
    try:
        member = await _insert_member(
            tx,
            actor.workspace_id,
            made=made,
            person_mac=mac_email(person_secret, email),
            name=name,
            email=email,
            role=role,
            vendor=vendor,
            simulated=simulated,
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(
            "This person is a member of the workspace already.", code="member_exists"
        ) from error
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound("There is no such vendor; declare the party first.") from error
    code = await new_code(tx, actor.workspace_id, member, invited_by=actor.member_id)
    await intend(
        tx,
        actor.workspace_id,
        "member.invited/1",
        actor=actor.member_id,
        policy=POLICY_HASH,
        target=member,
        purpose=role,
    )
    return code


async def change_role(tx: Tx, actor: Actor, member: UUID, *, role: Role) -> bool:
    """Another role: keys and sessions of the old one die with this commit. Gives whether it is new.

    Raises:
        NotFound: no such present member.
        Forbidden: a member or a role above the actor, or oneself.
    """
    row = await tx.fetchrow(_Q["find_member"], actor.workspace_id, member)
    if row is None:
        raise NotFound("There is no such member.")
    above = min(_ORDER[row["role"]], _ORDER[role]) < _ORDER[actor.role]
    if above or member == actor.member_id:
        raise Forbidden(
            f"A {actor.role} cannot give this member this role.", code="role_above_inviter"
        )
    if await tx.fetchval(_Q["change_role"], actor.workspace_id, member, role) is None:
        return False
    await tx.execute(_Q["revoke_credentials_of"], actor.workspace_id, member)
    await intend(
        tx,
        actor.workspace_id,
        "member.role_changed/1",
        actor=actor.member_id,
        policy=POLICY_HASH,
        target=member,
        purpose=role,
    )
    return True


async def list_workspace_names(db: Database) -> list[tuple[UUID, str]]:
    """Id and name of every workspace: the operator's list."""
    return [(row["id"], row["name"]) for row in await db.fetch(_Q["list_workspaces"])]


async def find_member_by_email(tx: Tx, workspace: UUID, email: str) -> UUID:
    """The present member with this address: for the operator's command line.

    Raises:
        NotFound: nobody.
    """
    found: UUID | None = await tx.fetchval(_Q["find_member_by_email"], workspace, email.strip())
    if found is None:
        raise NotFound(f"Nobody with the address {email!r} is a member of the workspace.")
    return found


async def remove_member(tx: Tx, actor: Actor, member: UUID) -> None:
    """The member's credentials die with this commit; its leases go back (the caller's room).

    Raises:
        NotFound: no such present member.
        Forbidden: a member above the actor, or oneself.
    """
    row = await tx.fetchrow(_Q["find_member"], actor.workspace_id, member)
    if row is None:
        raise NotFound("There is no such member.")
    if _ORDER[row["role"]] < _ORDER[actor.role] or member == actor.member_id:
        raise Forbidden("You cannot remove this member.", code="cannot_remove")
    await tx.fetchval(_Q["remove_member"], actor.workspace_id, member)
    await tx.execute(_Q["revoke_credentials_of"], actor.workspace_id, member)
    await tx.execute(_Q["forget_password"], actor.workspace_id, member)
    await tx.execute(_Q["revoke_invitations_of"], actor.workspace_id, member)
    await remove_factor(tx, actor.workspace_id, member, by=actor.member_id)
    await intend(
        tx,
        actor.workspace_id,
        "member.removed/1",
        actor=actor.member_id,
        policy=POLICY_HASH,
        target=member,
    )


async def find_once(tx: Tx, actor: Actor, *, key: str) -> UUID | None:
    """What this Idempotency-Key made before, if anything."""
    row = await tx.fetchrow(_Q["find_idempotency"], actor.workspace_id, actor.member_id, key)
    return None if row is None else row["made_id"]


async def remember_once(
    tx: Tx, actor: Actor, *, key: str | None, request_mac: bytes, made: UUID
) -> UUID | None:
    """Bind an Idempotency-Key to what this transaction makes.

    Gives None when the caller shall go on and make it, or the id of what was made before.

    Raises:
        IdempotencyKeyReused: the key came with another request.
    """
    if key is None:
        return None
    done = await tx.execute(
        _Q["insert_idempotency"], actor.workspace_id, actor.member_id, key, request_mac, made
    )
    if done.endswith(" 1"):
        return None
    row = await tx.fetchrow(_Q["find_idempotency"], actor.workspace_id, actor.member_id, key)
    if row is None or row["request_mac"] != request_mac:
        raise IdempotencyKeyReused(
            "This Idempotency-Key came before with another request; use a new one."
        )
    before: UUID = row["made_id"]
    return before


async def _insert_member(
    tx: Tx,
    workspace: UUID,
    *,
    made: UUID,
    person_mac: bytes,
    name: str,
    email: str,
    role: Role,
    vendor: UUID | None,
    simulated: bool,
) -> UUID:
    person: UUID = await tx.fetchval(_Q["person_for"], person_mac, new_id())
    before = await tx.fetchrow(_Q["former_memberships"], workspace, person)
    # The party of an earlier membership stays: what is known of a person's ties is never shed.
    party: UUID | None = None if before is None else before["party_id"]
    if party is None:
        party = await declare_party(tx, workspace, NewParty(kind="person", name=name, role="other"))
    known: list[UUID] = ([] if before is None else before["vendors"]) or []
    await tx.execute(
        _Q["insert_member"], workspace, made, person, party, vendor, name, email, role, simulated
    )
    if vendor is not None and vendor not in known:
        await declare_tie(
            tx,
            workspace,
            source=party,
            target=vendor,
            kind="employment",
            share=None,
            said_by="invitation",
        )
    return made
