"""The web application: every room's routes over one service."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.exceptions import HTTPException

from evenhand import __version__
from evenhand.access.log_routes import log_reading_router
from evenhand.access.routes import log_router
from evenhand.access.routes import router as access_router
from evenhand.conflicts.routes import router as conflicts_router
from evenhand.consensus.routes import router as consensus_router
from evenhand.exports.routes import router as exports_router
from evenhand.formats import parse_json
from evenhand.gold.routes import router as gold_router
from evenhand.identity import PERMISSIONS
from evenhand.identity.routes import router as identity_router
from evenhand.imports import ImportPlaces
from evenhand.imports.routes import router as imports_router
from evenhand.judgments.own import own_router
from evenhand.judgments.routes import router as judgments_router
from evenhand.platform.db import DATABASE_FAULTS
from evenhand.platform.errors import EvenhandError, Invalid, NotFound
from evenhand.platform.web import PUBLIC, ProblemBody, Refusals, json_answer, problem_answer
from evenhand.progress.routes import router as progress_router
from evenhand.projects.routes import router as projects_router
from evenhand.reports.routes import router as reports_router
from evenhand.tasks.desk import desk_router
from evenhand.tasks.routes import router as tasks_router

from .express import Express
from .pages import SecurityHeaders, page_routes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

    from .compose import Service

__all__ = ["BootRefused", "check_permissions", "create_app", "create_schema_app", "declared_routes"]

# Routes are tried in this order: those of every labeling cycle come first.
_ROUTERS = (
    judgments_router,
    tasks_router,
    desk_router,
    own_router,
    identity_router,
    conflicts_router,
    projects_router,
    imports_router,
    gold_router,
    consensus_router,
    exports_router,
    access_router,
    log_router,
    log_reading_router,
    reports_router,
    progress_router,
)


class BootRefused(EvenhandError):
    """The program is not fit to serve; it says why and stops."""

    code = "boot_refused"


def declared_routes(routes: Sequence[BaseRoute]) -> list[tuple[str, str, str | None]]:
    """Method, path and declared permission of every API route, those of included routers too."""
    found: list[tuple[str, str, str | None]] = []
    for context in iter_route_contexts(routes):
        if isinstance(context.original_route, APIRoute):
            declared = (context.original_route.openapi_extra or {}).get("x-permission")
            found += [(method, str(context.path), declared) for method in context.methods or ()]
    return sorted(found, key=lambda route: (route[1], route[0]))


def check_permissions(routes: Sequence[BaseRoute]) -> None:
    """Every API route declares a permission of the table, or is openly public.

    Raises:
        BootRefused: naming the route; or no API route is seen at all: then nothing is checked.
    """
    found = declared_routes(routes)
    if not found:
        raise BootRefused("The application has no API routes that could be checked.")
    for method, path, declared in found:
        if declared != PUBLIC and declared not in PERMISSIONS:
            raise BootRefused(
                f"{method} {path} declares no permission of the table ({declared!r})."
            )


def create_schema_app() -> FastAPI:
    """The application without a service: for its OpenAPI document and its routes."""
    app = FastAPI(
        title="Evenhand",
        version=__version__,
        description="Neutral data labeling. Errors are RFC 9457 problems with a stable code.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for router in _ROUTERS:
        app.include_router(router)
    for route in page_routes():
        app.router.routes.append(route)
    app.add_route("/healthz", _alive, include_in_schema=False)
    app.add_route("/readyz", _ready, include_in_schema=False)
    app.add_exception_handler(HTTPException, _http_refusal)
    check_permissions(app.routes)
    made = app.openapi

    def with_problems() -> dict[str, object]:
        document = made()
        document["components"]["schemas"]["ProblemBody"] = ProblemBody.model_json_schema(
            ref_template="#/components/schemas/{model}"
        )
        return document

    app.openapi = with_problems
    return app


def create_app(service: Service) -> ASGIApp:
    """The application over a running service, inside its outer layers."""
    app = create_schema_app()
    state = app.state
    state.parse_json = parse_json
    state.service = service
    state.db = service.db
    state.keyring = service.keyring
    state.publisher = service.publisher
    state.release = service.release
    state.hints = service.hints
    state.submits = service.submits
    state.projects = service.projects
    state.person_secret = service.person_secret
    state.doorkeeper = service.doorkeeper
    state.find_feedback = service.gold.find_feedback
    state.members_out = service.members_out
    state.import_places = ImportPlaces()
    app.add_middleware(Refusals)
    return Express(
        SecurityHeaders(app),
        owner=app,
        routes=[route for router in _ROUTERS for route in router.express_routes],
        within=SecurityHeaders,
    )


async def _alive(_request: Request) -> Response:
    return json_answer({"alive": True})


async def _ready(request: Request) -> Response:
    service: Service = request.app.state.service
    try:
        await service.db.fetchval("SELECT 1")
    except DATABASE_FAULTS:
        return json_answer({"ready": False, "waits_for": "database"}, 503)
    return json_answer({"ready": True})


async def _http_refusal(_request: Request, error: Exception) -> Response:
    """Unknown paths and methods, as problems like all others."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    refusal: EvenhandError
    if status == HTTPStatus.NOT_FOUND:
        refusal = NotFound("There is nothing at this address.")
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        refusal = Invalid("This address does not take this method.", code="method_not_allowed")
    else:
        refusal = Invalid("The request is not acceptable.", code="request_refused")
    return problem_answer(refusal)
