"""`evenhand workspace …` and `evenhand key …`: what the operator does on the host.

The operator makes tenants and keys; none of these commands shows anything of a customer's data, and
each key that is made or revoked is a leaf of the workspace's log.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING
from uuid import UUID

from evenhand.identity import ROLES, create_operator_key, parse_role, revoke_key
from evenhand.platform.db import Database
from evenhand.platform.errors import Invalid, NotFound
from evenhand.platform.paging import FIRST

from .service import add_database_options, settings_of_arguments

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from evenhand.platform.migrations import AppLogin
    from evenhand.platform.settings import Settings

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    Work = Callable[[Database, Settings, AppLogin, argparse.Namespace], Awaitable[int]]

__all__ = ["add_commands", "find_workspace", "finish"]


def add_commands(commands: Commands) -> None:
    """Register both groups."""
    workspace = commands.add_parser("workspace", help="make and list workspaces")
    inner = workspace.add_subparsers(required=True, metavar="COMMAND")
    create = inner.add_parser("create", help="make a workspace; prints the owner's one-time code")
    create.add_argument("name")
    create.add_argument("--owner", required=True, metavar="EMAIL")
    create.add_argument("--domain", help="the customer's web domain, by which rivals name it")
    finish(create, _create_workspace)
    finish(inner.add_parser("list", help="ids and names"), _list_workspaces)

    key = commands.add_parser("key", help="make, list and revoke API keys")
    inner = key.add_subparsers(required=True, metavar="COMMAND")
    make = inner.add_parser("create", help="prints an API key once")
    make.add_argument("--workspace", required=True, metavar="W", help="id or name")
    make.add_argument("--role", required=True, choices=ROLES)
    make.add_argument("--mode", required=True, choices=["live", "test"])
    finish(make, _create_key)
    shown = inner.add_parser("list", help="keys without their secrets")
    shown.add_argument("--workspace", required=True, metavar="W", help="id or name")
    finish(shown, _list_keys)
    revoke = inner.add_parser("revoke", help="the next request with it answers 401")
    revoke.add_argument("key", type=UUID, metavar="KEY_ID")
    revoke.add_argument("--workspace", required=True, metavar="W", help="id or name")
    finish(revoke, _revoke_key)


def finish(parser: argparse.ArgumentParser, work: Work) -> None:
    """Add what every command on a database takes, and run `work` with that database."""
    add_database_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")

    def run(arguments: argparse.Namespace) -> int:
        return asyncio.run(_with_database(work, arguments))

    parser.set_defaults(run=run)


async def _with_database(work: Work, arguments: argparse.Namespace) -> int:
    from evenhand.app.database import prepared_login  # noqa: PLC0415 - slow to import

    settings = settings_of_arguments(arguments)
    settings.make_data_dir()
    async with prepared_login(settings) as login:
        db = await Database.connect(login.address, token_secret=login.token_secret, pool_size=2)
        try:
            return await work(db, settings, login, arguments)
        finally:
            await db.close()


async def _create_workspace(
    db: Database, settings: Settings, login: AppLogin, arguments: argparse.Namespace
) -> int:
    from evenhand.app.tenants import make_workspace  # noqa: PLC0415 - slow to import

    made = await make_workspace(
        db,
        settings,
        login,
        name=arguments.name,
        owner_email=arguments.owner,
        domain=arguments.domain,
    )
    print(
        json.dumps(
            {
                "id": str(made.id),
                "name": arguments.name,
                "owner_code": made.owner_code.secret,
                "log_vkey": made.log.vkey,
            }
        )
    )
    return 0


async def _list_workspaces(
    db: Database, _settings: Settings, _login: AppLogin, arguments: argparse.Namespace
) -> int:
    from evenhand.app.tenants import list_workspaces  # noqa: PLC0415 - slow to import

    rows = [{"id": str(one), "name": name} for one, name in await list_workspaces(db)]
    if arguments.json:
        print(json.dumps(rows))
    else:
        for row in rows:
            print(row["id"], row["name"])
    return 0


async def _create_key(
    db: Database, _settings: Settings, _login: AppLogin, arguments: argparse.Namespace
) -> int:
    workspace = await find_workspace(db, arguments.workspace)
    async with db.transaction(workspace) as tx:
        minted = await create_operator_key(
            tx, workspace, role=parse_role(arguments.role), mode=arguments.mode
        )
    if arguments.json:
        print(json.dumps({"id": str(minted.id), "api_key": minted.secret}))
    else:
        print(minted.secret)
        print(f"key {minted.id}; it is shown this once", file=sys.stderr)
    return 0


async def _list_keys(
    db: Database, _settings: Settings, _login: AppLogin, arguments: argparse.Namespace
) -> int:
    from evenhand.identity import list_keys  # noqa: PLC0415

    workspace = await find_workspace(db, arguments.workspace)
    async with db.transaction(workspace) as tx:
        rows = await list_keys(tx, workspace, after=FIRST, limit=10_000)
    if arguments.json:
        print(json.dumps(rows))
    else:
        for row in rows:
            state = "revoked" if row["revoked"] else "live"
            print(row["id"], row["mode"], row["role"], row["created_at"], state)
    return 0


async def _revoke_key(
    db: Database, _settings: Settings, _login: AppLogin, arguments: argparse.Namespace
) -> int:
    workspace = await find_workspace(db, arguments.workspace)
    async with db.transaction(workspace) as tx:
        await revoke_key(tx, workspace, by=None, key=arguments.key)
    print(json.dumps({"id": str(arguments.key), "revoked": True}))
    return 0


async def find_workspace(db: Database, named: str) -> UUID:
    """The workspace of this id or name.

    Raises:
        NotFound: none.
        Invalid: several have the name.
    """
    from evenhand.app.tenants import list_workspaces  # noqa: PLC0415 - slow to import

    found = [one for one, name in await list_workspaces(db) if named in {str(one), name}]
    if not found:
        raise NotFound(f"There is no workspace {named!r}; see evenhand workspace list.")
    if len(found) > 1:
        raise Invalid(f"Several workspaces are named {named!r}; give the id.", code="ambiguous")
    return found[0]
