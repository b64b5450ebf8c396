"""HTTP's common ground: routes that declare a permission, strict bodies, problems.

A route without a declared permission cannot be added, so it stops the boot. The permission's name
is kept on the route; whoever opens the transaction reads it from there, so what is declared is
what is enforced.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, cast
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from .db import refusal_of
from .errors import (
    Conflict,
    EvenhandError,
    Expired,
    Forbidden,
    Invalid,
    NotFound,
    Problem,
    Unauthenticated,
    Unavailable,
)

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = [
    "ANSWER_WITHIN_S",
    "BODY_BYTES_MAX",
    "PUBLIC",
    "Body",
    "JsonId",
    "Page",
    "ProblemBody",
    "Refusals",
    "RoomRouter",
    "answer_to",
    "body_of",
    "json_answer",
    "permission_of",
    "problem_answer",
]

_LOG = logging.getLogger(__name__)
BODY_BYTES_MAX = 4 * 1024 * 1024
ANSWER_WITHIN_S = 9.0
"""From a whole request to its answer. A database that hangs must not make a caller hang."""
_BODY_WITHIN_S = 30.0
PUBLIC = "public"
"""Declared by the few routes that answer without a credential."""

_STATUS: tuple[tuple[type[EvenhandError], int], ...] = (
    (NotFound, 404),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (Expired, 409),
    (Conflict, 409),
    (Invalid, 422),
    (Unavailable, 503),
)
# What HTTP has a status of its own for.
_STATUS_OF_CODE = {
    "body_too_large": 413,
    "method_not_allowed": 405,
    "http_malformed": 400,
    "upload_stalled": 408,
    "request_too_slow": 408,
    "too_many_tries": 429,
}
_TITLES = {
    400: "No HTTP",
    401: "Sign in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Too slow",
    409: "Conflict",
    413: "Too large",
    422: "Not acceptable",
    429: "Too many tries",
    500: "A fault of ours",
    503: "Not available",
}
_encode = msgspec.json.Encoder().encode
Handler: TypeAlias = Callable[..., Coroutine[Any, Any, Any]]


JsonId: TypeAlias = Annotated[UUID, Field(strict=False)]
"""An id in a body: JSON has no ids, so its string is taken in spite of strictness."""


class Body(BaseModel):
    """A request body: unknown fields and wrong types are refused, strings are not trimmed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ProblemPlace(BaseModel):
    """One place of an input that is wrong."""

    path: str
    detail: str


class ProblemBody(BaseModel):
    """RFC 9457 problem details, with a stable `code`."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[ProblemPlace] | None = None


class Page(BaseModel):
    """Query of a list: how many, and where to go on."""

    limit: int = 50
    cursor: str | None = None


class _StrictRequest(Request):
    """A request whose JSON is read by the strict parser that `app.state.parse_json` names.

    Duplicate keys, NaN, NUL, lone surrogates and deep nesting are refused there with a ValueError;
    the parser is an engine above this floor, hence handed in.
    """

    async def body(self) -> bytes:
        """The whole body, read once."""
        return await body_of(self)

    async def json(self) -> Any:  # noqa: ANN401 - JSON
        data = await body_of(self)
        try:
            return self.app.state.parse_json(data)
        except ValueError as error:
            raise Invalid(
                f"The body is not acceptable JSON: {error}", code="json_refused"
            ) from error


class _StrictRoute(APIRoute):
    """Reads bodies strictly; documents every problem that can come back."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()
        streams = (self.openapi_extra or {}).get("x-streams", False)
        reads = bool(self.dependant.body_params)

        async def handle(request: Request) -> Response:
            strict = _StrictRequest(request.scope, request.receive)
            if any("\x00" in value for value in request.query_params.values()):
                raise Invalid("The query holds a NUL character.", code="request_refused")
            if reads:
                await body_of(strict)
            try:
                async with asyncio.timeout(None if streams else ANSWER_WITHIN_S):
                    return await inner(strict)
            except HTTPException as error:
                # FastAPI wraps whatever reading the body raises; ours says more.
                if isinstance(error.__cause__, EvenhandError):
                    raise error.__cause__ from None
                raise
            except RequestValidationError as error:
                problems = tuple(
                    Problem("/" + "/".join(str(step) for step in e["loc"][1:]), e["msg"])
                    for e in error.errors()
                )
                raise Invalid(
                    "The request has fields that are missing, unknown or wrong.",
                    code="request_refused",
                    problems=problems,
                ) from error

        return handle


class RoomRouter(APIRouter):
    """A router whose every route names its permission."""

    def __init__(self, *, prefix: str = "/api/v1", tags: list[str] | None = None) -> None:
        super().__init__(prefix=prefix, tags=list(tags or []), route_class=_StrictRoute)
        self.express_routes: list[APIRoute] = []

    def on(
        self,
        method: str,
        path: str,
        *,
        permission: str,
        status_code: int = 200,
        answer: type[BaseModel] | None = None,
        summary: str | None = None,
        streams: bool = False,
        express: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Register a handler. `answer` documents the body; the handler itself gives a Response.

        `streams` for a handler that reads a body as it comes: it keeps its own time. `express` for
        one that is called for every piece of work: the outer layer may call it directly.
        """
        problems: dict[int | str, dict[str, Any]] = {
            status: {
                "description": _TITLES[status],
                "content": {
                    "application/problem+json": {
                        "schema": {"$ref": "#/components/schemas/ProblemBody"}
                    }
                },
            }
            for status in (401, 403, 404, 409, 413, 422, 429, 503)
        }
        good: dict[str, Any] = {"description": "Done"}
        if answer is not None:
            good["model"] = answer
        extra: dict[str, Any] = {"x-permission": permission}
        if streams:
            extra["x-streams"] = True
        register = self.api_route(
            path,
            methods=[method],
            status_code=status_code,
            response_model=None,
            responses={status_code: good, **problems},
            summary=summary,
            openapi_extra=extra,
        )

        def registered(handler: Handler) -> Handler:
            register(handler)
            if express:
                self.express_routes.append(cast("APIRoute", self.routes[-1]))
            return handler

        return registered


def permission_of(request: Request) -> str:
    """The permission that the matched route declared."""
    route = request.scope["route"]
    declared: str = route.openapi_extra["x-permission"]
    return declared


async def body_of(request: Request, most: int = BODY_BYTES_MAX) -> bytes:
    """The whole body, refused as soon as it is too long or takes too long to come.

    Raises:
        Invalid: more than `most` bytes, a body that drips, or a caller who went away.
    """
    kept = getattr(request.state, "body_bytes", None)
    if kept is not None:
        return kept
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_WITHIN_S):
            async for piece in request.stream():
                size += len(piece)
                if size > most:
                    raise Invalid(f"The body is longer than {most} bytes.", code="body_too_large")
                pieces.append(piece)
    except TimeoutError as error:
        raise Invalid(
            f"The body did not come within {_BODY_WITHIN_S:.0f} s; send it at once.",
            code="request_too_slow",
        ) from error
    except ClientDisconnect as error:
        raise _incomplete() from error
    request.state.body_bytes = b"".join(pieces)
    return request.state.body_bytes


def _incomplete() -> Invalid:
    """The caller went away before its body was whole; nobody reads this, but it is no fault."""
    return Invalid("The connection ended before the body did.", code="request_incomplete")


def json_answer(value: object, status_code: int = 200) -> Response:
    """A JSON response without a second validation."""
    return Response(_encode(value), status_code, media_type="application/json")


def problem_answer(error: EvenhandError) -> Response:
    """The RFC 9457 answer of a refusal. The HTTP status of each kind is decided here alone."""
    code = error.stable_code
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    status = _STATUS_OF_CODE.get(code, status)
    body: dict[str, object] = {
        "type": f"urn:evenhand:problem:{code}",
        "title": _TITLES[status],
        "status": status,
        "code": code,
        "detail": error.detail,
    }
    if error.problems:
        body["errors"] = [{"path": p.path, "detail": p.detail} for p in error.problems[:100]]
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, Unavailable) else None
    return Response(_encode(body), status, headers, media_type="application/problem+json")


class Refusals:
    """ASGI layer: turns every exception into a problem, and a fault of ours into a plain 500.

    The fault is logged by type and place only: an exception's text may hold content.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; answer for what was raised, unless the answer had begun."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watch(message: Any) -> None:  # noqa: ANN401 - ASGI message
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            answer = answer_to(error, scope)
            if begun:
                raise
            await answer(scope, receive, send)


def answer_to(error: Exception, scope: Scope) -> Response:
    """The problem that an exception becomes: a refusal's own, or a plain 500 for a fault of ours.

    The fault is logged by type and place only: an exception's text may hold content.
    """
    refusal = error if isinstance(error, EvenhandError) else refusal_of(error)
    if isinstance(error, ClientDisconnect):
        refusal = _incomplete()
    if refusal is not None:
        return problem_answer(refusal)
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
    _LOG.error(
        "fault in %s %s: %s at %s", scope["method"], scope["path"], type(error).__name__, place
    )
    body = {
        "type": "urn:evenhand:problem:fault",
        "title": _TITLES[500],
        "status": 500,
        "code": "fault",
        "detail": "This is a fault of the service; nothing was changed by this request.",
    }
    return Response(_encode(body), 500, media_type="application/problem+json")
