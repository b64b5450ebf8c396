"""Asks the application without a socket: one ASGI call per request."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from evenhand.app.http import create_app

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message
    from tests.ground import Person, Tenant


@dataclass(frozen=True, slots=True)
class Web:
    """The application over a tenant's service."""

    app: ASGIApp

    @classmethod
    def over(cls, tenant: Tenant) -> Web:
        return cls(create_app(tenant.service))

    async def get(self, who: Person, path: str, status: int = 200, **query: Any) -> dict[str, Any]:
        """The JSON that comes back with `status`."""
        got: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            got.append(message)

        bearer = who.bearer()["Authorization"].encode()
        scope = {
            "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": path, "raw_path": path.encode(), "root_path": "",
            "query_string": urlencode(query).encode(),
            "headers": [(b"host", b"127.0.0.1"), (b"authorization", bearer)],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
        }  # fmt: skip
        await self.app(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in got)
        assert got[0]["status"] == status, body
        found: dict[str, Any] = json.loads(body)
        return found
