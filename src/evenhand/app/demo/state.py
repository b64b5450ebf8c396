"""What the demo remembers between runs, so that it can be interrupted and run again.

Everything but secrets could be found out anew; the keys are shown once, hence the file (mode 0600,
replaced atomically after each step).
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from typing import TYPE_CHECKING, Any
from uuid import UUID

from evenhand.app.database import prepared_login
from evenhand.app.tenants import list_workspaces, make_workspace
from evenhand.identity import create_operator_key, issue_host_code
from evenhand.platform.db import Database

if TYPE_CHECKING:
    from pathlib import Path

    from evenhand.platform.settings import Settings

__all__ = ["CUSTOMER", "DemoState", "ensure_workspace", "host_code"]

CUSTOMER = "Lanternfield Labs (demo)"
OWNER_EMAIL = "owner@lanternfield.example"


class DemoState:
    """A small JSON document on disk. Safe for use by several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            self._kept: dict[str, Any] = json.loads(path.read_text())
        except FileNotFoundError:
            self._kept = {}

    def find(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """The value, or None."""
        with self._lock:
            return self._kept.get(name)

    def keep(self, name: str, value: object) -> None:
        """Write the value; it is on disk when this returns."""
        with self._lock:
            self._kept[name] = value
            fresh = self._path.with_suffix(".new")
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w") as file:
                json.dump(self._kept, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)


async def ensure_workspace(settings: Settings, state: DemoState) -> None:
    """The demo's workspace and a key of its owner, made by the operator beside the service."""
    if state.find("owner_key") is not None:
        return
    async with prepared_login(settings) as login:
        db = await Database.connect(login.address, token_secret=login.token_secret, pool_size=2)
        try:
            made = [one for one, name in await list_workspaces(db) if name == CUSTOMER]
            if made:
                workspace = made[0]
            else:
                new = await make_workspace(
                    db,
                    settings,
                    login,
                    name=CUSTOMER,
                    owner_email=OWNER_EMAIL,
                    domain="lanternfield.example",
                )
                workspace = new.id
            async with db.transaction(workspace) as tx:
                key = await create_operator_key(tx, workspace, role="owner", mode="test")
        finally:
            await db.close()
    state.keep("workspace", str(workspace))
    state.keep("owner_key", key.secret)


def host_code(settings: Settings, state: DemoState, member: str) -> str:
    """A new one-time code for a member, made by the operator beside the service."""
    workspace = UUID(state.find("workspace"))

    async def make() -> str:
        async with prepared_login(settings) as login:
            db = await Database.connect(login.address, token_secret=login.token_secret, pool_size=1)
            try:
                async with db.transaction(workspace) as tx:
                    code = await issue_host_code(tx, workspace, UUID(member), reset=False)
            finally:
                await db.close()
        return code.secret

    return asyncio.run(make())
