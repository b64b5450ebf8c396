"""Identity over HTTP: who am I, members, invitations, keys. Signing in has files of its own."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

from fastapi import Header, Request, Response
from pydantic import BaseModel, Field

from evenhand.platform.errors import Forbidden
from evenhand.platform.ids import new_id
from evenhand.platform.paging import page_of, parse_cursor, parse_limit
from evenhand.platform.queries import load_queries
from evenhand.platform.web import Body, JsonId, RoomRouter, body_of, json_answer

from .account_routes import router as account_router
from .actions import change_role, invite, remember_once, remove_member
from .codes import issue_code, list_invitations, revoke_invitation
from .credentials import create_key, list_keys, revoke_key
from .entry import admitted
from .model import PERMISSIONS
from .sign_in_routes import MemberRef
from .sign_in_routes import router as sign_in_router

if TYPE_CHECKING:
    import asyncpg

__all__ = ["router"]

router = RoomRouter(tags=["identity"])
router.include_router(sign_in_router)
router.include_router(account_router)
_Q = load_queries(__package__ or "")


class WorkspaceRef(BaseModel):
    """The workspace and who holds its key."""

    id: str
    name: str
    level: str


class MeOut(BaseModel):
    """Workspace, member and what it may do."""

    workspace: WorkspaceRef
    member: MemberRef
    permissions: list[str]


class InviteIn(Body):
    """Whom to invite."""

    email: Annotated[str, Field(min_length=3, max_length=320, pattern=r"^[^\s@]+@[^\s@]+$")]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    role: Literal["owner", "manager", "reviewer", "annotator", "auditor", "operator"]
    vendor_id: JsonId | None = None
    simulated: bool = False


class InvitedOut(BaseModel):
    """The new member and its one-time code, shown this once."""

    member_id: str
    code: str | None


class NamedOut(BaseModel):
    """Somebody or something by id and name."""

    id: str
    name: str


class InvitationOut(BaseModel):
    """An invitation that nobody has used, without its code. `invited_by` is None for the host's."""

    id: str
    member_id: str
    name: str
    email: str
    role: str
    vendor: NamedOut | None
    invited_by: NamedOut | None
    invited_at: str
    expires_at: str
    state: Literal["open", "expired", "revoked"]


class InvitationPage(BaseModel):
    """A page of invitations."""

    items: list[InvitationOut]
    next_cursor: str | None


class RoleOut(BaseModel):
    """A member's role."""

    member_id: str
    role: str


class MemberOut(BaseModel):
    """A member; `party_id` is what ties are declared for."""

    id: str
    party_id: str
    name: str
    email: str
    role: str
    vendor_id: str | None
    simulated: bool
    removed: bool


class MemberPage(BaseModel):
    """A page of members."""

    items: list[MemberOut]
    next_cursor: str | None


class RoleIn(Body):
    """The role that a member shall have."""

    role: Literal["owner", "manager", "reviewer", "annotator", "auditor", "operator"]


class KeyIn(Body):
    """An API key to make for oneself, with one's own role or a lower one."""

    role: Literal["owner", "manager", "reviewer", "annotator", "auditor", "operator"]
    mode: Literal["live", "test"] = "live"


class KeyMade(BaseModel):
    """An API key, shown this once."""

    id: str
    api_key: str | None


class KeyOut(BaseModel):
    """An API key without its secret."""

    id: str
    mode: str
    member_id: str
    role: str
    created_at: str
    revoked: bool


class KeyPage(BaseModel):
    """A page of API keys."""

    items: list[KeyOut]
    next_cursor: str | None


@router.on("GET", "/me", permission="me.read", answer=MeOut)
async def me(request: Request) -> Response:
    """Who am I, where, and what may I do."""
    async with admitted(request) as (tx, actor):
        workspace = await tx.fetchrow(_Q["get_workspace"], actor.workspace_id)
    assert workspace is not None, "an actor has a workspace"  # noqa: S101 - foreign key
    return json_answer(
        {
            "workspace": {
                "id": str(actor.workspace_id),
                "name": workspace["name"],
                "level": workspace["level"],
            },
            "member": {"id": str(actor.member_id), "name": actor.name, "role": actor.role},
            "permissions": sorted(name for name in PERMISSIONS if actor.may(name)),
        }
    )


@router.on("POST", "/invitations", permission="members.invite", status_code=201, answer=InvitedOut)
async def invite_member(
    request: Request,
    body: InviteIn,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Response:
    """Invite a person. When repeated with the same key the code is not shown again."""
    async with admitted(request) as (tx, actor):
        mac = hashlib.sha256(await body_of(request)).digest()
        made = new_id()
        before = await remember_once(tx, actor, key=idempotency_key, request_mac=mac, made=made)
        if before is not None:
            return json_answer({"member_id": str(before), "code": None})
        code = await invite(
            tx,
            actor,
            made=made,
            email=body.email,
            name=body.name,
            role=body.role,
            vendor=body.vendor_id,
            simulated=body.simulated,
            person_secret=request.app.state.person_secret,
        )
    return json_answer({"member_id": str(made), "code": code.secret}, 201)


@router.on("GET", "/invitations", permission="members.read", answer=InvitationPage)
async def list_open_invitations(
    request: Request, limit: int = 50, cursor: str | None = None
) -> Response:
    """Invitations that nobody has used yet, oldest first: the newest of each person, no codes."""
    after, most = parse_cursor(cursor), parse_limit(limit)
    async with admitted(request) as (tx, actor):
        rows = await list_invitations(tx, actor.workspace_id, after=after, limit=most + 1)
    return json_answer(
        page_of(rows, most, render=lambda row: row, id_of=lambda row: UUID(row["id"]))
    )


@router.on(
    "DELETE", "/invitations/{invitation_id:uuid}", permission="members.invite", status_code=204
)
async def revoke_open_invitation(request: Request, invitation_id: UUID) -> Response:
    """Revoke an invitation: its link is dead at once."""
    async with admitted(request) as (tx, actor):
        await revoke_invitation(tx, actor, invitation_id)
    return Response(status_code=204)


@router.on("GET", "/members", permission="members.read", answer=MemberPage)
async def list_members(request: Request, limit: int = 50, cursor: str | None = None) -> Response:
    """Members of the workspace, oldest first."""
    after, most = parse_cursor(cursor), parse_limit(limit)
    async with admitted(request) as (tx, actor):
        rows = await tx.fetch(_Q["list_members"], actor.workspace_id, after, most + 1)
    return json_answer(page_of(rows, most, render=_render_member, id_of=lambda row: row["id"]))


@router.on("DELETE", "/members/{member_id}", permission="members.remove", status_code=204)
async def remove(request: Request, member_id: UUID) -> Response:
    """Remove a member: keys, sessions and leases end at once."""
    async with admitted(request) as (tx, actor):
        await remove_member(tx, actor, member_id)
        await request.app.state.members_out(tx, actor.workspace_id, [member_id])
    return Response(status_code=204)


@router.on(
    "POST",
    "/members/{member_id}/code",
    permission="members.invite",
    status_code=201,
    answer=InvitedOut,
)
async def issue_member_code(request: Request, member_id: UUID) -> Response:
    """A new one-time code: for oneself, or for a member who never came in and lost the first."""
    async with admitted(request) as (tx, actor):
        code = await issue_code(tx, actor, member_id)
    return json_answer({"member_id": str(member_id), "code": code.secret}, 201)


@router.on("POST", "/members/{member_id}/role", permission="members.remove", answer=RoleOut)
async def give_role(request: Request, member_id: UUID, body: RoleIn) -> Response:
    """Give a member another role: keys, sessions and leases of the old one end at once."""
    async with admitted(request) as (tx, actor):
        changed = await change_role(tx, actor, member_id, role=body.role)
        if changed:
            await request.app.state.members_out(tx, actor.workspace_id, [member_id])
    return json_answer({"member_id": str(member_id), "role": body.role})


@router.on("POST", "/keys", permission="keys.create", status_code=201, answer=KeyMade)
async def make_key(
    request: Request,
    body: KeyIn,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Response:
    """Make an API key; the secret is shown this once."""
    async with admitted(request) as (tx, actor):
        if body.role == "operator":
            raise Forbidden(
                "An operator's key is made on the service's host.", code="role_above_inviter"
            )
        mac = hashlib.sha256(await body_of(request)).digest()
        made = new_id()
        before = await remember_once(tx, actor, key=idempotency_key, request_mac=mac, made=made)
        if before is not None:
            return json_answer({"id": str(before), "api_key": None})
        minted = await create_key(
            tx,
            actor.workspace_id,
            by=actor.member_id,
            member=actor.member_id,
            role=body.role,
            mode=body.mode,
            made=made,
        )
    return json_answer({"id": str(minted.id), "api_key": minted.secret}, 201)


@router.on("GET", "/keys", permission="keys.read", answer=KeyPage)
async def list_all_keys(request: Request, limit: int = 50, cursor: str | None = None) -> Response:
    """API keys of the workspace, without their secrets."""
    after, most = parse_cursor(cursor), parse_limit(limit)
    async with admitted(request) as (tx, actor):
        rows = await list_keys(tx, actor.workspace_id, after=after, limit=most + 1)
    return json_answer(
        page_of(rows, most, render=lambda row: row, id_of=lambda row: UUID(str(row["id"])))
    )


@router.on("DELETE", "/keys/{key_id}", permission="keys.revoke", status_code=204)
async def revoke(request: Request, key_id: UUID) -> Response:
    """Revoke an API key; the next request with it answers 401."""
    async with admitted(request) as (tx, actor):
        await revoke_key(tx, actor.workspace_id, by=actor.member_id, key=key_id)
    return Response(status_code=204)


def _render_member(row: asyncpg.Record) -> dict[str, object]:
    return {
        "id": str(row["id"]),
        "party_id": str(row["party_id"]),
        "name": row["name"],
        "email": row["email"],
        "role": row["role"],
        "vendor_id": None if row["vendor_id"] is None else str(row["vendor_id"]),
        "simulated": row["simulated"],
        "removed": row["removed_at"] is not None,
    }
