"""Make and list tenants: the operator's verbs, from the command line and the demo."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from evenhand.conflicts import start_wall
from evenhand.identity import NewWorkspace, create_workspace, list_workspace_names
from evenhand.platform.errors import Invalid
from evenhand.vault import HostedKeyHolder

from .compose import person_secret_of

if TYPE_CHECKING:
    from uuid import UUID

    from evenhand.platform.db import Database
    from evenhand.platform.migrations import AppLogin
    from evenhand.platform.settings import Settings

__all__ = ["list_workspaces", "make_workspace"]

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")


async def make_workspace(
    db: Database,
    settings: Settings,
    login: AppLogin,
    *,
    name: str,
    owner_email: str,
    domain: str | None = None,
) -> NewWorkspace:
    """A workspace with key, log, customer party, owner and wall; its log's key is noted here.

    The verifier key goes into the data folder's `known-logs/`, so that receipts can be checked on
    this machine without typing it; elsewhere it must come from the customer's own records.
    """
    if not _EMAIL.fullmatch(owner_email):
        raise Invalid(
            f"{owner_email!r} is no e-mail address; the owner's looks like ann@customer.example.",
            code="request_refused",
        )
    made = await create_workspace(
        db,
        HostedKeyHolder(settings.keys_dir),
        name=name,
        owner_email=owner_email,
        domain=domain,
        person_secret=person_secret_of(login.token_secret),
        also=start_wall,
    )
    settings.known_logs_dir.mkdir(parents=True, exist_ok=True)
    path = settings.known_logs_dir / f"{made.id}.vkey"
    path.write_text(made.log.vkey + "\n", encoding="utf-8")
    return made


async def list_workspaces(db: Database) -> list[tuple[UUID, str]]:
    """Id and name of every workspace, oldest first."""
    return await list_workspace_names(db)
