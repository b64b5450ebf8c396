"""From a request to a credential: schemes, kinds, and cookies that another site sent."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import UUID

import pytest
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from evenhand.identity import SESSION_COOKIE, allowed_roles, credential_of
from evenhand.identity.secrets import hash_secret, render_secret
from evenhand.platform.errors import Forbidden, Unauthenticated
from evenhand.platform.web import RoomRouter

WORKSPACE = UUID(int=5)
SESSION, LIVE, TEST, CODE = (
    render_secret(kind, WORKSPACE, "x" * 43) for kind in ("session", "live", "test", "code")
)
COOKIE = f"{SESSION_COOKIE}={SESSION}"


class Tokens:
    """Where the real database would mint a token."""

    def token(self, workspace: UUID) -> str:
        return f"token of {workspace}"


def noted(_workspace: UUID, _secret_hash: bytes) -> None:
    """Where the real watch would remember that a session was used."""


async def handle() -> Response:
    return Response()


def request(method: str = "GET", **headers: str) -> Request:
    """A request to a route that needs `tasks.lease`."""
    router = RoomRouter()
    router.on(method, "/tasks", permission="tasks.lease")(handle)
    (route,) = router.routes
    assert isinstance(route, APIRoute)
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request(
        {
            "type": "http",
            "method": method,
            "path": "/api/v1/tasks",
            "headers": [(b"host", b"label.example:8420"), *raw],
            "route": route,
            "app": SimpleNamespace(
                state=SimpleNamespace(
                    db=Tokens(), doorkeeper=SimpleNamespace(watch=SimpleNamespace(note=noted))
                )
            ),
        }
    )


@pytest.mark.parametrize("secret", [LIVE, TEST])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_key_comes_as_a_bearer(secret: str, scheme: str) -> None:
    admission = credential_of(request("POST", authorization=f"{scheme} {secret}"))
    assert admission.workspace == WORKSPACE
    assert admission.hash == hash_secret(secret)
    assert admission.token == f"token of {WORKSPACE}"
    assert admission.allowed == allowed_roles("tasks.lease") == ["reviewer", "annotator"]


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", f"Basic {LIVE}", LIVE, f"Bearer {SESSION}", f"Bearer {CODE}", "Bearer live_x"],
)
def test_what_is_no_key_does_not_get_in(header: str) -> None:
    with pytest.raises(Unauthenticated):
        credential_of(request(authorization=header))
    # A good cookie beside a bad header does not help.
    with pytest.raises(Unauthenticated):
        credential_of(request(authorization=header, cookie=COOKIE))


@pytest.mark.parametrize("secret", [LIVE, TEST, CODE, "nonsense"])
def test_a_cookie_holds_a_session_and_nothing_else(secret: str) -> None:
    with pytest.raises(Unauthenticated):
        credential_of(request(cookie=f"{SESSION_COOKIE}={secret}"))


def test_nothing_is_no_credential() -> None:
    for method in ("GET", "POST"):
        with pytest.raises(Unauthenticated):
            credential_of(request(method))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_with_a_cookie_needs_no_origin(method: str) -> None:
    admission = credential_of(request(method, cookie=COOKIE, sec_fetch_site="cross-site"))
    assert admission.hash == hash_secret(SESSION)


HERE, ELSEWHERE = "http://label.example:8420", "https://evil.example"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"origin": HERE},
        {"origin": HERE.replace("http:", "https:")},
        {"sec_fetch_site": "same-origin", "origin": HERE},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_cookie_changes_state_from_our_own_pages(method: str, headers: dict[str, str]) -> None:
    admission = credential_of(request(method, cookie=COOKIE, **headers))
    assert admission.workspace == WORKSPACE


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": ""},
        {"origin": ELSEWHERE},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://label.example"},
        {"origin": HERE + ".evil.example"},
        {"sec_fetch_site": "same-origin", "origin": ELSEWHERE},
        {"sec_fetch_site": "cross-site", "origin": HERE},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_cookie_that_another_site_sent_changes_nothing(
    method: str, headers: dict[str, str]
) -> None:
    with pytest.raises(Forbidden) as refused:
        credential_of(request(method, cookie=COOKIE, **headers))
    assert refused.value.stable_code == "cross_site"


def test_a_bearer_needs_no_origin() -> None:
    sent = request("POST", authorization=f"Bearer {LIVE}", origin=ELSEWHERE)
    assert credential_of(sent).workspace == WORKSPACE


def test_a_route_cannot_be_added_without_a_permission() -> None:
    with pytest.raises(TypeError, match="permission"):
        RoomRouter().on("GET", "/open")  # type: ignore[call-arg]
