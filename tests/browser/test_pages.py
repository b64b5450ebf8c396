"""Page shells and static files over HTTP: headers, caching, and what must not be reachable."""

import base64
import gzip
import hashlib
import http.client
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from starlette.types import Message, Scope
from tests.browser.conftest import Site

from evenhand.app.page_table import PAGES
from evenhand.app.pages import (
    SECURITY_HEADERS,
    SecurityHeaders,
    StaticTree,
    content_security_policy,
    page_routes,
)

STATIC = Path(__file__).parents[2] / "src" / "evenhand" / "static"


class Answer:
    def __init__(self, site: Site, path: str, *, method: str = "GET", **headers: str) -> None:
        connection = http.client.HTTPConnection(site.url.removeprefix("http://"), timeout=5)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        response = connection.getresponse()
        self.status = response.status
        self.headers: Mapping[str, str] = {n.lower(): v for n, v in response.getheaders()}
        self.body = response.read()
        connection.close()


def nonce_of(answer: Answer) -> str:
    found = re.search(r"'nonce-([\w-]+)'", answer.headers["content-security-policy"])
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("cookie", "target"),
    [
        ("", "/sign-in"),
        ("other=1", "/sign-in"),
        ("evenhand_session=x", "/home"),
        ("__Host-evenhand_session=x", "/home"),
    ],
)
def test_root_goes_by_the_cookie_alone(site: Site, cookie: str, target: str) -> None:
    answer = Answer(site, "/", cookie=cookie)
    assert (answer.status, answer.headers["location"]) == (303, target)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", [shell.path.replace("{", "").replace("}", "") for shell in PAGES])
def test_page_has_a_fresh_nonce_and_no_inline_script_but_the_map(site: Site, path: str) -> None:
    first, second = Answer(site, path), Answer(site, path)
    assert nonce_of(first) != nonce_of(second)
    text = first.body.decode()
    inline = re.findall(r"<script([^>]*)>(?!</script>)", text)
    assert inline == [f' type="importmap" nonce="{nonce_of(first)}"']
    assert re.findall(r"<[^>]*\s(?:on\w+|style)=", text) == []
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["content-type"] == "text/html; charset=utf-8"


def test_every_announced_file_is_there_and_immutable(site: Site) -> None:
    text = Answer(site, "/work").body.decode()
    urls = set(re.findall(r'(?:href|src|data-catalogue)="([^"]+)"', text))
    assert len(urls) > 20
    for url in urls:
        answer = Answer(site, url)
        assert answer.status == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_modules_that_the_page_imports_are_announced(site: Site) -> None:
    tree = StaticTree.load(STATIC)
    behind = tree.modules_behind(["app/boot.js", "app/pages/work.js"])
    assert {"app/api.js", "app/store/queue.js", "app/vendor/preact-hooks.js"} <= set(behind)
    assert "app/ui/highlight.js" not in behind
    with pytest.raises(KeyError):
        tree.modules_behind(["app/none.js"])


def test_import_map_carries_the_hashes_of_the_lock(site: Site) -> None:
    found = re.search(r'type="importmap"[^>]*>(.*?)</script>', Answer(site, "/work").body.decode())
    assert found is not None
    import_map = json.loads(found[1])
    assert import_map["imports"].keys() >= {"preact", "htm", "@preact/signals", "dompurify"}
    for url in import_map["imports"].values():
        digest = hashlib.sha384(Answer(site, url).body).digest()
        assert import_map["integrity"][url] == f"sha384-{base64.b64encode(digest).decode()}"


def test_conditional_requests(site: Site) -> None:
    url = "/static/app/boot.js"
    first = Answer(site, url)
    assert first.headers["cache-control"] == "no-cache"
    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    etag = first.headers["etag"]
    for tags in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = Answer(site, url, if_none_match=tags)
        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == etag
    assert Answer(site, url, if_none_match='"other"').status == 200
    head = Answer(site, url, method="HEAD")
    assert (head.status, head.body) == (200, b"")


def test_packed_only_for_those_who_take_it(site: Site) -> None:
    url = "/static/app/boot.js"
    plain = Answer(site, url)
    packed = Answer(site, url, accept_encoding="br, GZIP;q=0.5")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == "Accept-Encoding"
    for encoding in ("gzip;q=0", "gzip; q=0.00", "br", ""):
        assert "content-encoding" not in Answer(site, url, accept_encoding=encoding).headers
    icon = Answer(site, "/static/app/icon.svg", accept_encoding="gzip")
    assert icon.headers["content-type"] == "image/svg+xml"
    assert "content-encoding" not in icon.headers


@pytest.mark.parametrize(
    "path",
    [
        "",
        "app",
        "app/",
        "app/vendor/",
        "../app/pages.py",
        "..%2fapp/pages.py",
        "%2e%2e/app/pages.py",
        "app/../../app/pages.py",
        "app/..%5c..%5capp%5cpages.py",
        "....//app/pages.py",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "app/boot.js%00",
        "app/boot.js/",
        "app//boot.js",
        "APP/boot.js",
        "app/types/api.d.ts",
        "app/README.md",
        "app/vendor/marked.esm.js.map",
        "v-0000000000000000/app/boot.js",
        ".git/config",
        ".env",
    ],
)
def test_nothing_else_is_served(site: Site, path: str) -> None:
    answer = Answer(site, f"/static/{path}")
    assert answer.status == 404
    assert b"def " not in answer.body
    assert answer.headers["content-security-policy"].endswith("sandbox")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE"])
def test_only_reading(site: Site, method: str) -> None:
    for path in ("/", "/work", "/static/app/boot.js"):
        assert Answer(site, path, method=method).status == 405


def test_links_and_unknown_endings_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("x")
    (tmp_path / "secret.pem").write_text("x")
    (tmp_path / "link.js").symlink_to(tmp_path / "secret.pem")
    (tmp_path / "folder.js").mkdir()
    tree = StaticTree.load(tmp_path)
    assert list(tree.files) == ["kept.txt"]
    (tmp_path / "kept.txt").write_text("y")
    assert StaticTree.load(tmp_path).version != tree.version


def test_every_answer_has_the_security_headers(site: Site) -> None:
    for path in ("/", "/work", "/static/app/boot.js", "/static/none", "/api/v1/me", "/none"):
        answer = Answer(site, path)
        for name, _value in SECURITY_HEADERS:
            assert name in answer.headers
        assert "strict-transport-security" not in answer.headers
        assert "unsafe" not in answer.headers["content-security-policy"]


async def headers_for(scope: Scope) -> dict[bytes, bytes]:
    sent: list[Message] = []

    async def app(_scope: Scope, _receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    await SecurityHeaders(app)(scope, receive, send)  # type: ignore[arg-type]
    return dict(sent[0]["headers"])


async def test_strict_transport_over_tls_only_and_other_scopes_untouched() -> None:
    over_tls = await headers_for({"type": "http", "scheme": "https"})
    assert over_tls[b"strict-transport-security"] == b"max-age=31536000; includeSubDomains"
    assert b"strict-transport-security" not in await headers_for({"type": "http"})
    assert await headers_for({"type": "websocket"}) == {}


def test_reports_are_asked_for_where_they_are_collected() -> None:
    assert "report-to" not in content_security_policy(nonce="n")
    assert content_security_policy(nonce="n", report_group="csp").endswith("; report-to csp")
    paths = [route.path for route in page_routes()]
    assert paths == ["/", *(shell.path for shell in PAGES), "/static/{path:path}"]
    assert len(set(paths)) == len(paths)


async def test_the_collecting_endpoint_is_named_in_the_pages_headers() -> None:
    work = next(route for route in page_routes(csp_report_url="/reports") if route.path == "/work")
    answer = await work.endpoint(None)
    assert answer.headers["reporting-endpoints"] == 'csp="/reports"'
    assert answer.headers["content-security-policy"].endswith("; report-to csp")
