"""The caller's own account over HTTP: password, second factor, sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, Field

from evenhand.platform.web import Body, RoomRouter, json_answer

from .account import (
    account_of,
    check_new_password,
    prove_password,
    require_session,
    set_password,
)
from .browser import caller_of, clear_session, keeper_of
from .entry import admitted
from .model import SignInRefused
from .second_factor import begin_factor, confirm_factor, make_recovery_codes, remove_factor
from .sessions import end_session, end_sessions, list_sessions

if TYPE_CHECKING:
    from .doorkeeper import Doorkeeper

__all__ = ["router"]

router = RoomRouter(prefix="", tags=["account"])
Password = Annotated[str, Field(min_length=1, max_length=1024)]


class NewPasswordIn(Body):
    """`current` is null only while no password is set."""

    current: Password | None
    new: Password


class PasswordProofIn(Body):
    """The password once more."""

    password: Password


class FactorCodeIn(Body):
    """Six digits of the authenticator."""

    code: Annotated[str, Field(min_length=1, max_length=40)]


class AccountOut(BaseModel):
    """How the caller signs in."""

    email: str
    password_set: bool
    password_changed_at: str | None
    second_factor: bool
    recovery_codes_left: int


class EndedSessions(BaseModel):
    """How many other sessions ended."""

    ended: int


class FactorOut(BaseModel):
    """The authenticator's secret, shown this once."""

    secret: str
    uri: str


class RecoveryOut(BaseModel):
    """Recovery codes, shown this once; each works once."""

    recovery_codes: list[str]


class SessionOut(BaseModel):
    """A session; `device` is browser and system in our own words."""

    id: str
    device: str
    created_at: str
    last_seen_at: str
    current: bool


class SessionPage(BaseModel):
    """Live sessions, newest first; at most a hundred."""

    items: list[SessionOut]


@router.on("GET", "/me/account", permission="me.read", answer=AccountOut)
async def account(request: Request) -> Response:
    """How I sign in."""
    async with admitted(request) as (tx, actor):
        return json_answer(await account_of(tx, actor))


@router.on("POST", "/me/password", permission="me.change", answer=EndedSessions)
async def change_password(request: Request, body: NewPasswordIn) -> Response:
    """Set my password; every other session of mine ends."""
    keeper = keeper_of(request)
    async with admitted(request) as (tx, actor):
        member = await require_session(tx, actor)
    if member["changed_at"] is not None:
        if body.current is None:
            raise SignInRefused("Say the present password, too.")
        await prove_password(keeper, caller_of(request), member, body.current)
    params, made = await check_new_password(keeper, member, body.new)
    async with admitted(request) as (tx, actor):
        ended = await set_password(tx, actor, params=params, made=made)
    return json_answer({"ended": ended})


@router.on("POST", "/me/second-factor", permission="me.change", status_code=201, answer=FactorOut)
async def add_factor(request: Request, body: PasswordProofIn) -> Response:
    """Begin with an authenticator; it counts once its first code is confirmed."""
    keeper = await _proved(request, body.password)
    async with admitted(request) as (tx, actor):
        secret, uri = await begin_factor(keeper, tx, actor)
    return json_answer({"secret": secret, "uri": uri}, 201)


@router.on("POST", "/me/second-factor/confirm", permission="me.change", answer=RecoveryOut)
async def confirm(request: Request, body: FactorCodeIn) -> Response:
    """Confirm the authenticator by its first code; every other session of mine ends."""
    async with admitted(request) as (tx, actor):
        await require_session(tx, actor)
        codes = await confirm_factor(keeper_of(request), tx, actor, code=body.code)
        await end_sessions(
            tx, actor.workspace_id, actor.member_id, but=actor.credential_id, by=actor.member_id
        )
    return json_answer({"recovery_codes": codes})


@router.on("POST", "/me/second-factor/remove", permission="me.change", answer=EndedSessions)
async def drop_factor(request: Request, body: PasswordProofIn) -> Response:
    """Do without a second factor; every other session of mine ends."""
    await _proved(request, body.password)
    async with admitted(request) as (tx, actor):
        await remove_factor(tx, actor.workspace_id, actor.member_id, by=actor.member_id)
        ended = await end_sessions(
            tx, actor.workspace_id, actor.member_id, but=actor.credential_id, by=actor.member_id
        )
    return json_answer({"ended": ended})


@router.on("POST", "/me/recovery-codes", permission="me.change", answer=RecoveryOut)
async def new_recovery_codes(request: Request, body: PasswordProofIn) -> Response:
    """Ten new recovery codes; the earlier ones are void."""
    keeper = await _proved(request, body.password)
    async with admitted(request) as (tx, actor):
        codes = await make_recovery_codes(keeper, tx, actor)
    return json_answer({"recovery_codes": codes})


@router.on("GET", "/me/sessions", permission="me.read", answer=SessionPage)
async def my_sessions(request: Request) -> Response:
    """Browsers that are signed in as me."""
    async with admitted(request) as (tx, actor):
        return json_answer({"items": await list_sessions(tx, actor)})


@router.on("DELETE", "/me/sessions/{session_id}", permission="me.change", status_code=204)
async def end_mine(request: Request, session_id: UUID) -> Response:
    """Sign one of my browsers out; its next request answers 401."""
    async with admitted(request) as (tx, actor):
        await end_session(tx, actor, session_id)
    return Response(status_code=204)


@router.on("DELETE", "/me/sessions", permission="me.change", status_code=204)
async def end_all_mine(request: Request) -> Response:
    """Sign out everywhere, here too."""
    async with admitted(request) as (tx, actor):
        await end_sessions(tx, actor.workspace_id, actor.member_id, but=None, by=actor.member_id)
    return clear_session(Response(status_code=204), request)


async def _proved(request: Request, password: str) -> Doorkeeper:
    keeper = keeper_of(request)
    async with admitted(request) as (tx, actor):
        member = await require_session(tx, actor)
    await prove_password(keeper, caller_of(request), member, password)
    return keeper
