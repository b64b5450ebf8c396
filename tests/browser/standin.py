"""A small service that keeps the JSON contract of the pages, in memory, on 127.0.0.1.

It stands in for the real one until that runs here: real HTTP, real pages (``page_routes``) and
real headers (``SecurityHeaders``), invented work. A test may make it refuse or stay silent.
"""

import secrets
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from evenhand.app.pages import SecurityHeaders, page_routes

COOKIE = "evenhand_session"
CODE = "let-me-in-42"

Item = dict[str, str]


class Refused(Exception):
    def __init__(self, status: int, code: str, detail: str) -> None:
        self.status = status
        self.code = code
        self.detail = detail


@dataclass
class Lease:
    id: str
    item_id: str
    order: str
    state: str = "held"
    reason: str | None = None


@dataclass
class Standin:
    """What the service knows. Tests read and change it."""

    items: dict[str, Item]
    orders: list[str] = field(default_factory=lambda: ["given"])
    settings: dict[str, Any] = field(
        default_factory=lambda: {"tie": True, "reason": "optional", "order": "random"}
    )
    instructions: str = "# Which answer is better?\n\nChoose the answer that helps more."
    project_name: str = "Everyday questions"
    member_name: str = "Ada"
    workspace_name: str = "Acme"
    level: str = "L0"
    feedback: dict[str, dict[str, object]] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    judgments: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    drafts: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    submit_count: int = 0
    lease_ttl_s: int = 1800
    sessions: set[str] = field(default_factory=set)
    refuse: Callable[[Request], Refused | None] = lambda _request: None

    def fill(self, *, hold: int, have: list[str]) -> list[dict[str, Any]]:
        held = [lease for lease in self.leases.values() if lease.state == "held"]
        taken = {lease.item_id for lease in self.leases.values() if lease.state != "released"}
        for item_id in self.items:
            if len(held) >= hold:
                break
            if item_id not in taken:
                order = self.orders[len(self.leases) % len(self.orders)]
                lease = Lease(id=f"lease-{len(self.leases) + 1}", item_id=item_id, order=order)
                self.leases[lease.id] = lease
                held.append(lease)
        return [self.shown(lease) for lease in held if lease.id not in have]

    def shown(self, lease: Lease) -> dict[str, Any]:
        return {
            "id": lease.id,
            "task_id": f"task-{lease.item_id}",
            "item_id": lease.item_id,
            "expires_at": (datetime.now(UTC) + timedelta(minutes=30)).isoformat(),
            "order": lease.order,
            "payload": self.items[lease.item_id],
            "receipt": self.receipt(),
        }

    def receipt(self) -> dict[str, Any]:
        return {"index": 17, "tree_size": 42, "url": "/log/acme/receipt/17"}


class Api:
    """The handlers of the JSON contract."""

    def __init__(self, standin: Standin) -> None:
        self.standin = standin

    async def session(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.standin.sessions.discard(request.cookies.get(COOKIE, ""))
            answer = Response(status_code=204)
            answer.delete_cookie(COOKIE)
            return answer
        if (await request.json())["code"] != CODE:
            raise Refused(401, "code_refused", "The code is not known.")
        token = secrets.token_urlsafe()
        self.standin.sessions.add(token)
        member = {"id": "member-1", "name": self.standin.member_name, "role": "annotator"}
        answer = JSONResponse({"member": member}, status_code=201)
        answer.set_cookie(COOKIE, token, httponly=True, samesite="lax")
        return answer

    async def me(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "workspace": {
                    "id": "w-1",
                    "name": self.standin.workspace_name,
                    "level": self.standin.level,
                },
                "member": {"id": "member-1", "name": self.standin.member_name, "role": "annotator"},
                "permissions": ["tasks.lease", "judgments.submit"],
            }
        )

    async def projects(self, _request: Request) -> Response:
        project = {
            "id": "p-1",
            "name": self.standin.project_name,
            "task_type": "pairwise",
            "settings": self.standin.settings,
            "lease_ttl_s": self.standin.lease_ttl_s,
        }
        return JSONResponse({"items": [project], "next_cursor": None})

    async def instructions(self, _request: Request) -> Response:
        return JSONResponse(
            {"markdown": self.standin.instructions, "receipt": self.standin.receipt()}
        )

    async def leases(self, request: Request) -> Response:
        wanted = await request.json()
        return JSONResponse({"leases": self.standin.fill(**wanted)})

    async def judgments(self, request: Request) -> Response:
        body = await request.json()
        self.standin.submit_count += 1
        lease = self.standin.leases.get(body["lease_id"])
        status = 200
        if lease is None or lease.state not in {"held", "submitted"}:
            raise Refused(404, "lease_not_yours", "The lease is not yours.")
        if lease.state == "held":
            lease.state = "submitted"
            status = 201
            self.standin.answers[lease.id] = body
            self.standin.judgments[lease.id] = {
                "id": f"judgment-{lease.id}",
                "lease_id": lease.id,
                "item_id": lease.item_id,
                "submitted_at": datetime.now(UTC).isoformat(),
                "feedback": self.standin.feedback.get(lease.item_id),
            }
        elif self.standin.answers[lease.id]["answer"] != body["answer"]:
            raise Refused(409, "already_submitted", "Another answer was submitted.")
        answer = {
            "judgment": self.standin.judgments[lease.id],
            "leases": self.standin.fill(**body["next"]) if "next" in body else [],
        }
        return JSONResponse(answer, status_code=status)

    async def end(self, request: Request) -> Response:
        lease = self.standin.leases.get(request.path_params["lease_id"])
        verb = request.path_params["verb"]
        ended = {"skip": "skipped", "flag": "flagged", "release": "released"}[verb]
        if lease is None or lease.state not in {"held", ended}:
            raise Refused(404, "lease_not_yours", "The lease is not yours.")
        lease.state = ended
        lease.reason = (await request.json()).get("reason")
        return JSONResponse({"lease": {"id": lease.id, "state": lease.state}})

    async def renew(self, request: Request) -> Response:
        asked = (await request.json())["leases"]
        alive = [
            one for one in asked if one in self.standin.leases and one not in self.standin.gone
        ]
        return JSONResponse({"leases": [{"id": one, "expires_at": ""} for one in alive]})

    async def draft_list(self, _request: Request) -> Response:
        refs = [
            {"lease_id": lease, "version": draft["version"], "saved_at": ""}
            for lease, draft in self.standin.drafts.items()
        ]
        return JSONResponse({"items": refs})

    async def draft(self, request: Request) -> Response:
        lease_id = request.path_params["lease_id"]
        stored = self.standin.drafts.get(lease_id)
        if request.method == "GET":
            if stored is None:
                raise Refused(404, "not_found", "No draft.")
            return JSONResponse({"lease_id": lease_id, "saved_at": "", **stored})
        body = await request.json()
        if body["version"] != (stored["version"] if stored else 0):
            raise Refused(409, "draft_conflict", "Another page wrote.")
        self.standin.drafts[lease_id] = {**body, "version": body["version"] + 1}
        version = body["version"] + 1
        return JSONResponse({"lease_id": lease_id, "version": version, "saved_at": ""})

    async def undo(self, request: Request) -> Response:
        wanted = request.path_params["judgment_id"]
        old = next(
            (j["lease_id"] for j in self.standin.judgments.values() if j["id"] == wanted), ""
        )
        before = self.standin.leases.get(old)
        if before is None or before.state != "submitted":
            raise Refused(409, "undo_too_late", "Too late.")
        before.state = "withdrawn"
        fresh = Lease(f"lease-{len(self.standin.leases) + 1}", before.item_id, before.order)
        self.standin.leases[fresh.id] = fresh
        sent = self.standin.answers[old]
        return JSONResponse(
            {
                "lease": self.standin.shown(fresh),
                "answer": sent["answer"],
                "active_ms": sent["active_ms"],
            }
        )

    async def own_work(self, _request: Request) -> Response:
        stand = [
            {"id": f"judgment-{lease.id}", "lease_id": lease.id, "submitted_at": ""}
            for lease in reversed(self.standin.leases.values())
            if lease.state == "submitted"
        ]
        states = [lease.state for lease in self.standin.leases.values()]
        counts = {
            "judgment_count": len(stand),
            "skipped_count": states.count("skipped"),
            "flagged_count": states.count("flagged"),
            "active_ms": 61_000,
            "median_active_ms": 2000,
        }
        return JSONResponse({"since": "", "counts": counts, "latest": stand[:20]})

    def guarded(self, handler: Callable[[Request], Awaitable[Response]]) -> Any:
        async def checked(request: Request) -> Response:
            refused = self.standin.refuse(request)
            if refused is not None:
                raise refused
            signed_in = request.cookies.get(COOKIE) in self.standin.sessions
            if not signed_in and not request.url.path.endswith("/session"):
                raise Refused(401, "sign_in_required", "Sign in first.")
            same_site = request.headers.get("sec-fetch-site") == "same-origin"
            if request.method != "GET" and not same_site:
                raise Refused(403, "cross_site", "Only this site may do that.")
            answer = await handler(request)
            answer.headers["cache-control"] = "no-store"
            return answer

        return checked


def _app(standin: Standin) -> Starlette:
    api = Api(standin)
    base = "/api/v1"
    return Starlette(
        routes=[
            *page_routes(),
            Route(f"{base}/session", api.guarded(api.session), methods=["POST", "DELETE"]),
            Route(f"{base}/me", api.guarded(api.me)),
            Route(f"{base}/projects", api.guarded(api.projects)),
            Route(f"{base}/projects/p-1/instructions", api.guarded(api.instructions)),
            Route(f"{base}/projects/p-1/leases", api.guarded(api.leases), methods=["POST"]),
            Route(f"{base}/projects/p-1/judgments", api.guarded(api.judgments), methods=["POST"]),
            Route(f"{base}/leases/renew", api.guarded(api.renew), methods=["POST"]),
            Route(f"{base}/drafts", api.guarded(api.draft_list)),
            Route(
                f"{base}/leases/{{lease_id}}/draft", api.guarded(api.draft), methods=["GET", "PUT"]
            ),
            Route(
                f"{base}/judgments/{{judgment_id}}/undo", api.guarded(api.undo), methods=["POST"]
            ),
            Route(f"{base}/projects/p-1/own-work", api.guarded(api.own_work)),
            Route(f"{base}/leases/{{lease_id}}/{{verb}}", api.guarded(api.end), methods=["POST"]),
        ],
        exception_handlers={Refused: _problem},  # pyright: ignore[reportArgumentType]
    )


async def _problem(_request: Request, error: Refused) -> Response:
    body = {
        "type": f"urn:evenhand:problem:{error.code}",
        "title": error.code,
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
    }
    return JSONResponse(body, status_code=error.status, media_type="application/problem+json")


@contextmanager
def served(standin: Standin) -> Generator[str]:
    """Serves the stand-in in a thread of this process, on a port that the system chose."""
    config = uvicorn.Config(
        SecurityHeaders(_app(standin)), log_level="warning", ws="none", lifespan="off"
    )
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started:
            if time.monotonic() > deadline:
                raise TimeoutError("The stand-in did not start.")
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join(10)
