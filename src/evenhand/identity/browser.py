"""What a browser carries: the session's cookie, the device cookie, where it calls from.

Over TLS the names begin with `__Host-`, which ties a cookie to this very host: neither a sibling
domain nor plain HTTP can set it (RFC 6265bis section 4.1.3.2). On loopback without TLS the plain
names are used. Two cookies of one name are refused: one of them was set by somebody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from evenhand.platform.errors import Unauthenticated

from .doorkeeper import Caller, Doorkeeper
from .rules import device_of, network_of
from .sessions import ABSOLUTE

if TYPE_CHECKING:
    from fastapi import Request, Response

__all__ = [
    "DEVICE_COOKIE",
    "SESSION_COOKIE",
    "caller_of",
    "clear_session",
    "cookie_of",
    "keep_session",
    "keeper_of",
]  # fmt: skip

SESSION_COOKIE: Final = "evenhand_session"
DEVICE_COOKIE: Final = "evenhand_device"
_DEVICE_S: Final = 365 * 24 * 3600


def keeper_of(request: Request) -> Doorkeeper:
    """The process's doorkeeper."""
    keeper: Doorkeeper = request.app.state.doorkeeper
    return keeper


def caller_of(request: Request) -> Caller:
    """Network, browser and device cookie of a request."""
    return Caller(
        network=network_of(request.client.host if request.client else None),
        device=device_of(request.headers.get("user-agent", "")),
        device_cookie=cookie_of(request, DEVICE_COOKIE),
    )


def cookie_of(request: Request, name: str) -> str:
    """The value of one of our cookies, "" when it is not there.

    Raises:
        Unauthenticated: two of the same name.
    """
    wanted = _name(request, name)
    found = [
        value.strip()
        for line in request.headers.getlist("cookie")
        for said, _, value in (part.partition("=") for part in line.split(";"))
        if said.strip() == wanted
    ]
    if len(found) > 1:
        raise Unauthenticated("The session's cookie came twice; sign in again.")
    return found[0] if found else ""


def keep_session(
    answer: Response, request: Request, secret: str, *, device_cookie: str | None
) -> Response:
    """Set the session's cookie and, after a full sign-in, the device's."""
    secure = request.url.scheme == "https"
    kept = [] if device_cookie is None else [(DEVICE_COOKIE, device_cookie, _DEVICE_S)]
    kept.append((SESSION_COOKIE, secret, int(ABSOLUTE.total_seconds())))
    for name, value, age_s in kept:
        answer.set_cookie(
            _name(request, name), value, max_age=age_s, path="/", httponly=True, secure=secure,
            samesite="lax",
        )  # fmt: skip
    return answer


def clear_session(answer: Response, request: Request) -> Response:
    """Take the session's cookie back; nothing of the pages stays in the browser's cache."""
    answer.headers["Clear-Site-Data"] = '"cache"'
    answer.delete_cookie(
        _name(request, SESSION_COOKIE), path="/", httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


def _name(request: Request, name: str) -> str:
    return f"__Host-{name}" if request.url.scheme == "https" else name
