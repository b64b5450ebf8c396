"""Signing in over HTTP: by password, by code, by invitation link, and out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Request, Response
from pydantic import BaseModel, Field

from evenhand.platform.web import PUBLIC, Body, RoomRouter, json_answer

from .account_routes import Password
from .browser import SESSION_COOKIE, caller_of, clear_session, cookie_of, keep_session, keeper_of
from .codes import accept_code
from .entry import admitted, database_of
from .model import Role
from .same_site import check_same_site
from .sessions import end_session_of, leave_session
from .sign_in import (
    Entered,
    continue_sign_in,
    join,
    look_at_invitation,
    sign_in_with_code,
    sign_in_with_password,
)

if TYPE_CHECKING:
    from .sign_in import Step

__all__ = ["router"]

router = RoomRouter(prefix="", tags=["sign-in"])
Email = Annotated[str, Field(min_length=3, max_length=320, pattern=r"^[^\s@]+@[^\s@]+$")]


class CodeIn(Body):
    """A one-time code."""

    code: Annotated[str, Field(min_length=1, max_length=200)]


class PasswordIn(Body):
    """Address and password, compared exactly as typed."""

    email: Email
    password: Password


class TicketIn(Body):
    """Where to go on, and the second factor's code if one is asked for."""

    ticket: Annotated[str, Field(min_length=1, max_length=1000)]
    code: Annotated[str, Field(min_length=1, max_length=40)] | None = None


class JoinIn(Body):
    """The code of an invitation link, and the password to set."""

    code: Annotated[str, Field(min_length=1, max_length=200)]
    password: Password


class MemberRef(BaseModel):
    """Who is signed in."""

    id: str
    name: str
    role: Role


class SignedIn(BaseModel):
    """The session's member; the cookie is in the header. `reset_at`: when somebody reset the
    password, told once.
    """

    member: MemberRef
    reset_at: str | None = None


class StepWorkspace(BaseModel):
    """A workspace's id and name."""

    id: str
    name: str


class StepOut(BaseModel):
    """One way on: `POST /session/continue` with the ticket, and a code if there is a factor."""

    workspace: StepWorkspace
    second_factor: bool
    ticket: str


class StepsOut(BaseModel):
    """The password was right, and something is left to choose or to prove (200, not 201)."""

    steps: list[StepOut]


class InvitationOut(BaseModel):
    """What a live link is for."""

    workspace: str
    name: str
    email: str
    role: Role
    purpose: str
    expires_at: str


class AcceptedOut(BaseModel):
    """An accepted invitation: the API key is shown this once."""

    member: MemberRef
    api_key: str


@router.on("POST", "/session", permission=PUBLIC, status_code=201, answer=SignedIn)
async def sign_in(request: Request, body: CodeIn) -> Response:
    """Use a one-time code to sign this browser in."""
    check_same_site(request, needs_proof=False)
    done = await sign_in_with_code(keeper_of(request), caller_of(request), code=body.code)
    return await _answer(request, done if isinstance(done, Entered) else [done])


@router.on("POST", "/session/password", permission=PUBLIC, status_code=201, answer=SignedIn)
async def by_password(request: Request, body: PasswordIn) -> Response:
    """Sign in with address and password. 200 with `steps` when more is asked for."""
    check_same_site(request, needs_proof=False)
    done = await sign_in_with_password(
        keeper_of(request), caller_of(request), email=body.email, password=body.password
    )
    return await _answer(request, done)


@router.on("POST", "/session/continue", permission=PUBLIC, status_code=201, answer=SignedIn)
async def by_ticket(request: Request, body: TicketIn) -> Response:
    """The last step: the workspace chosen, the second factor proved."""
    check_same_site(request, needs_proof=False)
    done = await continue_sign_in(
        keeper_of(request), caller_of(request), ticket=body.ticket, code=body.code
    )
    return await _answer(request, done)


@router.on("DELETE", "/session", permission="me.read", status_code=204)
async def sign_out(request: Request) -> Response:
    """End this session everywhere; with an API key, revoke the key."""
    async with admitted(request) as (tx, actor):
        await end_session_of(tx, actor)
    return clear_session(Response(status_code=204), request)


@router.on("POST", "/invitations/accept", permission=PUBLIC, status_code=201, answer=AcceptedOut)
async def accept(request: Request, body: CodeIn) -> Response:
    """Use a one-time code to get an API key."""
    check_same_site(request, needs_proof=False)
    minted, member, name, role = await accept_code(database_of(request), body.code)
    return json_answer(
        {"member": {"id": str(member), "name": name, "role": role}, "api_key": minted.secret}, 201
    )


@router.on("POST", "/invitations/look", permission=PUBLIC, answer=InvitationOut)
async def look(request: Request, body: CodeIn) -> Response:
    """What an invitation link is for; it stays good."""
    check_same_site(request, needs_proof=False)
    found = await look_at_invitation(database_of(request), body.code)
    return json_answer(
        {
            "workspace": found.workspace_name,
            "name": found.name,
            "email": found.email,
            "role": found.role,
            "purpose": found.purpose,
            "expires_at": found.expires_at.isoformat(),
        }
    )


@router.on("POST", "/invitations/join", permission=PUBLIC, status_code=201, answer=SignedIn)
async def join_by_link(request: Request, body: JoinIn) -> Response:
    """Use an invitation link: set the password and sign in."""
    check_same_site(request, needs_proof=False)
    done = await join(
        keeper_of(request), caller_of(request), code=body.code, password=body.password
    )
    return await _answer(request, done if isinstance(done, Entered) else [done])


async def _answer(request: Request, done: Entered | list[Step]) -> Response:
    if not isinstance(done, Entered):
        steps = [
            {
                "workspace": {"id": str(step.workspace), "name": step.workspace_name},
                "second_factor": step.second_factor,
                "ticket": step.ticket,
            }
            for step in done
        ]
        return json_answer({"steps": steps})
    await leave_session(database_of(request), cookie_of(request, SESSION_COOKIE))
    member = {"id": str(done.member), "name": done.name, "role": done.role}
    reset_at = done.reset_at and done.reset_at.isoformat()
    answer = json_answer({"member": member, "reset_at": reset_at}, 201)
    return keep_session(answer, request, done.session.secret, device_cookie=done.device_cookie)
