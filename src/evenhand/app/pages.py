"""Page shells, the browser's files, and the security headers of every answer.

A page is a shell without data: title, import map, module preloads and one module script. All
data comes from the JSON API afterwards, so nothing here reads the database or a session; the
root address looks only at whether a session cookie is there at all.

Files below ``static/`` are read once, into memory, keyed by their path. A request is a lookup
in that mapping: there is no listing, and a path that leaves the folder names no key. Each
file has two addresses::

    /static/app/boot.js              ETag, no-cache: always asked again
    /static/v-<tree hash>/app/…      immutable: another tree is another address

The hash covers the whole tree because native modules import each other by relative path; a
module below the versioned prefix therefore finds its neighbours there too.

Source: specs/reliability.md, Settings and sections E and L; specs/ui.md, Browser side.
"""

import gzip
import hashlib
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .page_table import PAGES, PageShell

__all__ = [
    "SECURITY_HEADERS",
    "SESSION_COOKIES",
    "SecurityHeaders",
    "StaticFile",
    "StaticTree",
    "content_security_policy",
    "page_routes",
]

# The names under which a session cookie may come: the host-bound one over TLS and on loopback,
# the plain one where a browser refuses Secure cookies without TLS.
SESSION_COOKIES: Final = ("__Host-evenhand_session", "evenhand_session")

# For every answer, unless the answer sets its own. An API answer that is opened as a page runs
# and loads nothing.
SECURITY_HEADERS: Final[tuple[tuple[str, str], ...]] = (
    (
        "content-security-policy",
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
)
_STRICT_TRANSPORT: Final = "max-age=31536000; includeSubDomains"

# A file with another ending is not served, whatever lies in the folder.
_MEDIA_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".svg": "image/svg+xml",
        ".txt": "text/plain; charset=utf-8",
    }
)
_STATIC_IMPORT: Final = re.compile(
    r"""(?:^|;)\s*(?:import|export)\b(?:[^'"();]*?\bfrom)?\s*["']([^"']+)["']""", re.MULTILINE
)
_STATIC_FOLDER: Final = Path(__file__).parent.parent / "static"
_TEMPLATE_FOLDER: Final = Path(__file__).parent / "templates"
_VENDOR: Final = "app/vendor/"
_GZIP_BYTES_MIN: Final = 512


def content_security_policy(*, nonce: str, report_group: str | None = None) -> str:
    """The policy of a page.

    One Trusted Types policy is allowed, DOMPurify's own, and it can be created once: a string
    becomes HTML through DOMPurify or not at all. ``report_group`` names a Reporting-Endpoints
    group, for a deployment that collects violations.
    """
    directives = [
        "default-src 'none'",
        f"script-src 'nonce-{nonce}' 'strict-dynamic'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "font-src 'self'",
        "frame-src 'none'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types dompurify",
    ]
    if report_group is not None:
        directives.append(f"report-to {report_group}")
    return "; ".join(directives)


class SecurityHeaders:
    """ASGI wrapper that gives every answer the headers it did not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. HSTS is sent over TLS only (RFC 6797 section 7.2)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        secure = scope.get("scheme") == "https"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS:
                    headers.setdefault(name, value)
                if secure:
                    headers.setdefault("strict-transport-security", _STRICT_TRANSPORT)
            await send(message)

        await self._app(scope, receive, send_with_headers)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is sent. ``gzip_body`` is None where packing saves nothing."""

    body: bytes
    gzip_body: bytes | None
    media_type: str
    digest: str


@dataclass(frozen=True, slots=True)
class StaticTree:
    """All files below one folder, by their path with forward slashes, and the tree's hash."""

    files: Mapping[str, StaticFile]
    version: str

    @classmethod
    def load(cls, folder: Path) -> "StaticTree":
        """Read the folder. Links and files with an unknown ending are left out."""
        files: dict[str, StaticFile] = {}
        for path in sorted(folder.rglob("*")):
            media_type = _MEDIA_TYPES.get(path.suffix)
            if media_type is None or path.is_symlink() or not path.is_file():
                continue
            files[path.relative_to(folder).as_posix()] = _static_file(path.read_bytes(), media_type)
        tree = hashlib.sha256()
        for name, file in files.items():
            tree.update(f"{name}\0{file.digest}\n".encode())
        return cls(files=MappingProxyType(files), version=f"v-{tree.hexdigest()[:16]}")

    def find(self, path: str) -> tuple[StaticFile, bool] | None:
        """The file at an address below ``/static/``, and whether the address is immutable."""
        versioned = path.removeprefix(f"{self.version}/")
        file = self.files.get(versioned)
        return None if file is None else (file, versioned != path)

    def url(self, path: str) -> str:
        """The immutable address of a file. Raises KeyError for a file that is not there."""
        self.files[path]
        return f"/static/{self.version}/{path}"

    def import_map(self) -> dict[str, dict[str, str]]:
        """The bare names of the vendored modules and the hashes that the lock recorded.

        The hashes are the lock's, not those of the files: a file that was changed beside the
        lock is refused by the browser.
        """
        lock = json.loads(self.files[f"{_VENDOR}vendor.lock.json"].body)
        imports: dict[str, str] = {}
        integrity: dict[str, str] = {}
        for entry in lock["files"]:
            url = self.url(_VENDOR + entry["file"])
            imports[entry["specifier"]] = url
            integrity[url] = entry["integrity"]
        return {"imports": imports, "integrity": integrity}

    def modules_behind(self, entries: Sequence[str]) -> list[str]:
        """Paths of the modules that the given ones import statically, themselves included.

        All that the first one needs comes before the second one. They are announced in the page,
        so that a first visit does not walk the graph one round trip per floor. Raises KeyError
        for an import of a file that is not there.
        """
        bare = {
            specifier: url.removeprefix(f"/static/{self.version}/")
            for specifier, url in self.import_map()["imports"].items()
        }
        found: dict[str, None] = {}
        for entry in entries:
            waiting = [entry]
            while waiting:
                path = waiting.pop(0)
                if path in found:
                    continue
                found[path] = None
                imported = _STATIC_IMPORT.findall(self.files[path].body.decode())
                waiting += [bare.get(name) or _joined(path, name) for name in imported]
        return list(found)


def _static_file(body: bytes, media_type: str) -> StaticFile:
    packed = gzip.compress(body, compresslevel=9, mtime=0) if len(body) >= _GZIP_BYTES_MIN else body
    return StaticFile(
        body=body,
        gzip_body=packed if len(packed) < len(body) else None,
        media_type=media_type,
        digest=hashlib.sha256(body).hexdigest(),
    )


def _joined(path: str, specifier: str) -> str:
    parts = path.split("/")[:-1]
    for part in specifier.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def page_routes(
    *,
    static_folder: Path = _STATIC_FOLDER,
    session_cookies: Collection[str] = SESSION_COOKIES,
    new_nonce: Callable[[], str] = lambda: secrets.token_urlsafe(18),
    csp_report_url: str | None = None,
) -> list[Route]:
    """The routes of the pages and their files, to be put into any Starlette or FastAPI router."""
    tree = StaticTree.load(static_folder)
    pages = _Pages(tree=tree, new_nonce=new_nonce, csp_report_url=csp_report_url)

    async def root(request: Request) -> Response:
        signed_in = any(name in request.cookies for name in session_cookies)
        return RedirectResponse(
            "/home" if signed_in else "/sign-in",
            status_code=303,
            headers={"cache-control": "no-store", "vary": "Cookie"},
        )

    async def static(request: Request) -> Response:
        return _static_answer(tree, request)

    return [
        Route("/", root, methods=["GET"], name="root"),
        *(
            Route(shell.path, pages.answer(shell), methods=["GET"], name=f"{shell.name}_page")
            for shell in PAGES
        ),
        Route("/static/{path:path}", static, methods=["GET"], name="static"),
    ]


@dataclass(frozen=True, slots=True)
class _Preload:
    """A module that the shell announces.

    ``late``: what the first modules ask of the API goes before it. A browser has six connections
    to a host, and would otherwise ask the API only after the last module.
    """

    url: str
    integrity: str | None
    late: bool


class _Pages:
    def __init__(
        self, *, tree: StaticTree, new_nonce: Callable[[], str], csp_report_url: str | None
    ) -> None:
        self._tree = tree
        self._new_nonce = new_nonce
        self._csp_report_url = csp_report_url
        self._import_map = tree.import_map()
        templates = Environment(
            loader=FileSystemLoader(_TEMPLATE_FOLDER), autoescape=True, undefined=StrictUndefined
        )
        self._shell = templates.get_template("shell.html")

    def answer(self, shell: PageShell) -> Callable[[Request], Awaitable[Response]]:
        """The handler of one page. What it announces is the same for every request."""
        first = ["app/boot.js", *shell.first]
        started = set(self._tree.modules_behind(first))
        entries = [*first, f"app/pages/{shell.name}.js", *shell.entries]
        integrity = self._import_map["integrity"]
        preloads = [
            _Preload(
                url=self._tree.url(path),
                integrity=integrity.get(self._tree.url(path)),
                late=bool(shell.first) and path not in started,
            )
            for path in self._tree.modules_behind(entries)
        ]
        styles = ["app/style.css", *(f"app/styles/{style}.css" for style in shell.styles)]
        style_urls = [self._tree.url(style) for style in styles]

        async def answer(_request: Request) -> Response:
            return self._render(shell, preloads=preloads, styles=style_urls)

        return answer

    def _render(
        self, shell: PageShell, *, preloads: Sequence[_Preload], styles: Sequence[str]
    ) -> HTMLResponse:
        nonce = self._new_nonce()
        body = self._shell.render(
            nonce=nonce,
            page=shell.name,
            title=shell.title,
            import_map=self._import_map,
            boot=self._tree.url("app/boot.js"),
            catalogue=self._tree.url("app/locales/en.json"),
            styles=styles,
            icon=self._tree.url("app/icon.svg"),
            preloads=preloads,
        )
        headers = {"cache-control": "no-store"}
        group = None
        if self._csp_report_url is not None:
            group = "csp"
            headers["reporting-endpoints"] = f'csp="{self._csp_report_url}"'
        headers["content-security-policy"] = content_security_policy(
            nonce=nonce, report_group=group
        )
        return HTMLResponse(body, headers=headers)


def _static_answer(tree: StaticTree, request: Request) -> Response:
    found = tree.find(request.path_params["path"])
    if found is None:
        return Response("Not found.\n", status_code=404, media_type="text/plain")
    file, immutable = found
    packed = file.gzip_body is not None and _accepts_gzip(request.headers.get("accept-encoding"))
    etag = f'"{file.digest[:32]}{"-gzip" if packed else ""}"'
    headers = {
        "cache-control": "public, max-age=31536000, immutable" if immutable else "no-cache",
        "etag": etag,
        "vary": "Accept-Encoding",
        "x-content-type-options": "nosniff",
    }
    if _matches(request.headers.getlist("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    if packed:
        headers["content-encoding"] = "gzip"
    body = file.gzip_body if packed else file.body
    return Response(body, headers={**headers, "content-type": file.media_type})


def _accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether gzip is named with a weight above zero (RFC 9110 section 12.5.3)."""
    for part in (accept_encoding or "").split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() == "gzip":
            return re.fullmatch(r"\s*q\s*=\s*0(?:\.0*)?\s*", weight, re.IGNORECASE) is None
    return False


def _matches(if_none_match: Iterable[str], etag: str) -> bool:
    """Weak comparison of entity tags (RFC 9110 section 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for line in if_none_match for tag in line.split(",")]
    return etag in tags or tags == ["*"]
