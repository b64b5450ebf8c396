"""From a request to an actor inside a transaction: the one way in for every route.

`admitted` opens the transaction, authenticates and checks the permission that the route declared. A
refusal by permission or by the wall is written to the workspace's log in a transaction of its own
before it is answered: denials are logged too.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

from evenhand.platform.db import Database, refusal_of
from evenhand.platform.errors import Forbidden, Unauthenticated
from evenhand.platform.queries import load_queries
from evenhand.platform.web import permission_of
from evenhand.transparency import intend

from .browser import SESSION_COOKIE, cookie_of, keeper_of
from .model import POLICY_HASH, Actor, allowed_roles
from .same_site import check_same_site
from .secrets import hash_secret, parse_secret

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from uuid import UUID

    from fastapi import Request

    from evenhand.platform.db import Tx

__all__ = ["Admission", "admitted", "credential_of", "database_of"]

_Q = load_queries(__package__ or "")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_DENIALS = frozenset({"permission_denied", "wall_denied"})


@dataclass(frozen=True, slots=True)
class Admission:
    """What a hot SQL function needs to authenticate by itself: no round trip of its own."""

    workspace: UUID
    token: str
    hash: bytes
    allowed: list[str]


def database_of(request: Request) -> Database:
    """The process's database."""
    database: Database = request.app.state.db
    return database


def credential_of(request: Request) -> Admission:
    """The credential that came with the request, not yet checked.

    Raises:
        Unauthenticated: none, or not of our form.
        Forbidden: a cookie on an unsafe method that another site sent.
    """
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, secret = header.partition(" ")
        secret = secret if scheme.lower() == "bearer" else ""
    else:
        secret = cookie_of(request, SESSION_COOKIE)
        if secret and request.method not in _SAFE:
            check_same_site(request, needs_proof=True)
    parsed = parse_secret(secret)
    kinds = ("live", "test") if header is not None else ("session",)
    if parsed is None or parsed[0] not in kinds:
        raise Unauthenticated("No valid key or session came with the request; sign in again.")
    workspace, secret_hash = parsed[1], hash_secret(secret)
    if header is None:
        keeper_of(request).watch.note(workspace, secret_hash)
    return Admission(
        workspace=workspace,
        token=database_of(request).token(workspace),
        hash=secret_hash,
        allowed=allowed_roles(permission_of(request)),
    )


@asynccontextmanager
async def admitted(request: Request) -> AsyncGenerator[tuple[Tx, Actor]]:
    """The transaction of a request and its actor; commits when the block ends well.

    Raises:
        Unauthenticated, Forbidden: as the database decides.
    """
    admission = credential_of(request)
    database = database_of(request)
    actor: Actor | None = None
    try:
        async with database.transaction(admission.workspace) as tx:
            row = await tx.fetchrow(
                _Q["authenticate"], admission.token, admission.hash, admission.allowed
            )
            if row is None:
                raise Unauthenticated("No valid key or session came with the request.")
            actor = Actor(**row)
            yield tx, actor
    except (asyncpg.PostgresError, Forbidden) as error:
        refusal = error if isinstance(error, Forbidden) else refusal_of(error)
        if isinstance(refusal, Forbidden) and refusal.stable_code in _DENIALS:
            await _log_denial(database, admission.workspace, actor, permission_of(request))
        raise


async def _log_denial(
    database: Database, workspace: UUID, actor: Actor | None, permission: str
) -> None:
    """Write the leaf's intent of a refusal; the name is from our fixed table. The actor is known
    to us when the wall refused, and to the database alone when it was the permission.
    """
    async with database.transaction(workspace) as tx:
        await intend(
            tx,
            workspace,
            "access.denied/1",
            actor=None if actor is None else actor.member_id,
            policy=POLICY_HASH,
            purpose=permission,
        )
