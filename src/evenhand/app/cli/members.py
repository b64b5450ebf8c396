"""`evenhand member …`: how the operator on the host helps somebody in.

Each code that is made here is a leaf of the workspace's log, and a reset is told to the member at
the next sign-in: nobody is impersonated unseen (docs/adr/0008).
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from evenhand.identity import find_member_by_email, issue_host_code

from .people import find_workspace, finish

if TYPE_CHECKING:
    import argparse

    from evenhand.platform.db import Database
    from evenhand.platform.migrations import AppLogin
    from evenhand.platform.settings import Settings

    from .people import Commands

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """Register the group."""
    member = commands.add_parser("member", help="help a member to sign in")
    inner = member.add_subparsers(required=True, metavar="COMMAND")
    code = inner.add_parser("code", help="prints a one-time code to sign a browser in (one hour)")
    _who(code)
    finish(code, _make_code)
    reset = inner.add_parser(
        "reset", help="voids password and sessions; prints a code for a new password (one hour)"
    )
    _who(reset)
    reset.add_argument("--second-factor", action="store_true", help="remove the second factor, too")
    finish(reset, _reset)


def _who(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("email", metavar="EMAIL")
    parser.add_argument("--workspace", required=True, metavar="W", help="id or name")


async def _make_code(
    db: Database, _settings: Settings, _login: AppLogin, arguments: argparse.Namespace
) -> int:
    return await _print_code(db, arguments, reset=False, drop_factor=False)


async def _reset(
    db: Database, _settings: Settings, _login: AppLogin, arguments: argparse.Namespace
) -> int:
    return await _print_code(db, arguments, reset=True, drop_factor=arguments.second_factor)


async def _print_code(
    db: Database, arguments: argparse.Namespace, *, reset: bool, drop_factor: bool
) -> int:
    workspace = await find_workspace(db, arguments.workspace)
    async with db.transaction(workspace) as tx:
        member = await find_member_by_email(tx, workspace, arguments.email)
        code = await issue_host_code(tx, workspace, member, reset=reset, drop_factor=drop_factor)
    if arguments.json:
        print(json.dumps({"member_id": str(member), "code": code.secret}))
    else:
        print(code.secret)
        print("good once, for an hour; open it at <service>/accept#<code>", file=sys.stderr)
    return 0
