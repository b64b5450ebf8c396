"""Roles and permissions: the table is golden, each route has its row, and the boot insists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse

from evenhand.app.http import BootRefused, check_permissions, create_schema_app, declared_routes
from evenhand.identity import PERMISSIONS, ROLES, allowed_roles, parse_role, render_permissions
from evenhand.platform.errors import Invalid
from evenhand.platform.web import PUBLIC, RoomRouter

HERE = Path(__file__).parent
# What can show a customer's plaintext: payloads, instructions, answers, names.
PLAINTEXT = {
    "instructions.read", "tasks.lease", "judgments.submit", "judgments.read", "gold.read",
    "consensus.read", "consensus.run", "exports.create", "batches.import", "items.open",
}  # fmt: skip


def test_the_permission_table_is_the_golden_one() -> None:
    """A change of who may do what is a change of this file, seen in a review."""
    assert render_permissions() == (HERE / "permissions.golden").read_text()


def test_each_route_is_in_the_golden_list_with_its_permission() -> None:
    routes = declared_routes(create_schema_app().routes)
    assert len(routes) > 30
    shown = "".join(f"{method} {path} {declared}\n" for method, path, declared in routes)
    assert shown == (HERE / "routes.golden").read_text()


def test_the_openapi_document_has_every_route() -> None:
    app = create_schema_app()
    documented = {
        (method.upper(), path)
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    }
    assert documented == {
        (method, re.sub(r":(path|uuid)}", "}", path))
        for method, path, _ in declared_routes(app.routes)
    }


def test_public_routes_are_those_that_take_a_secret() -> None:
    public = [
        (method, path)
        for method, path, declared in declared_routes(create_schema_app().routes)
        if declared == PUBLIC
    ]
    assert public == [
        ("POST", "/api/v1/invitations/accept"),
        ("POST", "/api/v1/invitations/join"),
        ("POST", "/api/v1/invitations/look"),
        ("POST", "/api/v1/session"),
        ("POST", "/api/v1/session/continue"),
        ("POST", "/api/v1/session/password"),
    ]


async def _nothing() -> PlainTextResponse:
    return PlainTextResponse("")


@pytest.mark.parametrize("declared", [None, "", "no.such", "PUBLIC", "items.*"])
@pytest.mark.parametrize("nested", [0, 1, 2])
def test_a_route_without_a_permission_stops_the_boot(declared: str | None, nested: int) -> None:
    good, bad = RoomRouter(), APIRouter(prefix="/api/v1")
    good.on("GET", "/good", permission="me.read")(_nothing)
    extra = None if declared is None else {"x-permission": declared}
    bad.add_api_route("/bad", _nothing, openapi_extra=extra)
    for _ in range(nested):
        outer = APIRouter()
        outer.include_router(bad)
        bad = outer
    app = FastAPI()
    app.include_router(good)
    check_permissions(app.routes)
    app.include_router(bad)
    with pytest.raises(BootRefused, match="/api/v1/bad declares no permission"):
        check_permissions(app.routes)


def test_an_application_whose_routes_are_not_seen_stops_the_boot() -> None:
    with pytest.raises(BootRefused, match="no API routes"):
        check_permissions([])


def test_the_operator_holds_no_permission_that_gives_plaintext() -> None:
    assert set(PERMISSIONS) >= PLAINTEXT
    for permission in PLAINTEXT:
        assert "operator" not in allowed_roles(permission), permission
    assert [name for name in sorted(PERMISSIONS) if "operator" in PERMISSIONS[name]] == [
        "me.change",
        "me.read",
    ]


def test_an_auditor_reads_the_log_and_no_payload() -> None:
    held = {name for name in PERMISSIONS if "auditor" in PERMISSIONS[name]}
    assert "log.read" in held
    assert not held & PLAINTEXT


def test_roles_keep_their_order() -> None:
    assert allowed_roles("me.read") == list(ROLES)
    with pytest.raises(KeyError):
        allowed_roles("no.such")


def test_roles_are_parsed() -> None:
    assert [parse_role(role) for role in ROLES] == list(ROLES)
    for text in ("", "Owner", "admin", "owner "):
        with pytest.raises(Invalid) as refused:
            parse_role(text)
        assert refused.value.stable_code == "no_role"
