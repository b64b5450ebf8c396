"""The express way: routes of every labeling cycle, answered without the framework's layers.

A request that is plainly right (a known address, one JSON body of moderate length that the declared
model accepts) goes straight to the route's handler. Whatever is odd, in form or in content, is
passed on untouched to the ordinary application: there is one place that refuses, so a refusal reads
the same on either way. The handler, its permission, its models and its place in the OpenAPI
document are those of the route.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, get_type_hints
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, ValidationError

from evenhand.platform.web import ANSWER_WITHIN_S, answer_to

from .exchange import EXCHANGE, Exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastapi import FastAPI
    from fastapi.routing import APIRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Express"]

_BODY_BYTES_MAX: Final = 64 * 1024
_KEY_CHARS_MAX: Final = 200
_UUID: Final = "([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
_LENGTH_DIGITS_MAX: Final = 6
_JSON: Final = "application/json"
_PLAIN_HEADER_COUNT: Final = 2
_KNOWN_ARGUMENTS: Final = {"request", "project_id", "body", "idempotency_key", "return"}


@dataclass(frozen=True, slots=True)
class _Way:
    """One route: its address, its handler and the model of its body."""

    route: APIRoute
    address: re.Pattern[str]
    handle: Callable[..., Any]
    validate: Callable[[object], BaseModel]
    takes_key: bool


def _way_of(route: APIRoute) -> _Way:
    hints = get_type_hints(route.endpoint)
    if not {"request", "project_id", "body"} <= hints.keys() <= _KNOWN_ARGUMENTS:
        raise TypeError(f"{route.path} takes other arguments than the express way gives")
    model: type[BaseModel] = hints["body"]
    return _Way(
        route=route,
        address=re.compile(re.escape(route.path_format).replace(r"\{project_id\}", _UUID)),
        handle=route.endpoint,
        validate=model.model_validate,
        takes_key="idempotency_key" in hints,
    )


class Express:
    """ASGI layer around `app`. `within` makes the outer layers of the ordinary application around
    any other: what headers they add to an answer is learnt from them.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        owner: FastAPI,
        routes: Sequence[APIRoute],
        within: Callable[[ASGIApp], ASGIApp],
    ) -> None:
        self._app = app
        self._owner = owner
        self._ways = [_way_of(route) for route in routes]
        self._within = within
        self._added: dict[str, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] == "http" and scope["method"] == "POST" and not scope["query_string"]:
            path = scope["path"]
            for way in self._ways:
                found = way.address.fullmatch(path)
                if found is not None:
                    await self._try(way, UUID(found[1]), scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _try(
        self, way: _Way, project: UUID, scope: Scope, receive: Receive, send: Send
    ) -> None:
        exchange: Exchange | None = scope.get(EXCHANGE)
        plain, key = _plain_head(scope["headers"])
        body = None
        if plain and exchange is not None and (key is None or way.takes_key):
            body = self._body(way, exchange.whole_body())
        if body is None or exchange is None:
            await self._app(scope, receive, send)
            return
        scope["app"] = self._owner
        scope["route"] = way.route
        scope["path_params"] = {"project_id": project}
        arguments = {"idempotency_key": key} if way.takes_key else {}
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                answer: Response = await way.handle(Request(scope), project, body, **arguments)
        except Exception as error:  # noqa: BLE001 - as the ordinary way: each becomes a problem
            answer = answer_to(error, scope)
        added = self._added.get(scope["scheme"])
        if added is None:
            added = self._added[scope["scheme"]] = await self._learn(scope)
        # Its type and its length: the head that was learnt says the first, `answer` the second.
        plain = answer.media_type == _JSON and len(answer.raw_headers) == _PLAIN_HEADER_COUNT
        if not plain or not exchange.answer(answer.status_code, added, answer.body):
            await self._within(answer)(scope, receive, send)

    def _body(self, way: _Way, whole: bytes | None) -> BaseModel | None:
        """The body as its model, or None when it is not whole or not plainly right."""
        if whole is None:
            return None
        try:
            return way.validate(self._owner.state.parse_json(whole))
        except (ValueError, ValidationError):
            return None

    async def _learn(self, scope: Scope) -> bytes:
        """The head of a good answer: its type, and what the outer layers add on this scheme."""
        learnt: list[tuple[bytes, bytes]] = []

        async def bare(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async def keep(message: Message) -> None:
            learnt.extend(message["headers"])

        async def nothing() -> Message:
            return {"type": "http.disconnect"}

        await self._within(bare)(scope, nothing, keep)
        lines = [name + b": " + value + b"\r\n" for name, value in learnt]
        return b"content-type: application/json\r\n" + b"".join(lines)


def _plain_head(headers: Sequence[tuple[bytes, bytes]]) -> tuple[bool, str | None]:
    """Whether a JSON body of moderate length is announced, and the Idempotency-Key if any."""
    json = short = False
    key: str | None = None
    for name, value in headers:
        if name == b"content-type":
            json = value == b"application/json"
        elif name == b"content-length":
            short = len(value) <= _LENGTH_DIGITS_MAX and int(value) <= _BODY_BYTES_MAX
        elif name == b"idempotency-key":
            if key is not None or not 1 <= len(value) <= _KEY_CHARS_MAX:
                return False, None
            key = value.decode("latin-1")
    return json and short, key
