"""Where a request may come from when a cookie, or a sign-in, is at stake."""

from __future__ import annotations

import pytest
from fastapi import Request

from evenhand.identity.browser import SESSION_COOKIE, cookie_of
from evenhand.identity.same_site import check_same_site
from evenhand.platform.errors import Forbidden, Unauthenticated


def request(scheme: str = "http", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"host", b"label.example"))
    return Request(
        {
            "type": "http", "method": "POST", "path": "/", "scheme": scheme, "query_string": b"",
            "server": ("label.example", 443), "headers": raw,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("site", "origin", "good"),
    [
        ("same-origin", "https://label.example", True),
        ("same-origin", None, True),
        ("none", None, True),
        (None, "https://label.example", True),
        ("cross-site", "https://evil.example", False),
        ("cross-site", None, False),
        ("same-site", "https://other.label.example", False),
        ("same-origin", "https://evil.example", False),
        ("cross-site", "https://label.example", False),
        (None, "https://evil.example", False),
        (None, "null", False),
        (None, "https://label.example.evil.example", False),
        (None, "https://evillabel.example", False),
        (None, "", False),
    ],
)
def test_another_site_is_refused(site: str | None, origin: str | None, good: bool) -> None:
    said = {"sec_fetch_site": site, "origin": origin}
    headers = {name: value for name, value in said.items() if value is not None}
    for needs_proof in (True, False):
        if good:
            check_same_site(request(**headers), needs_proof=needs_proof)
            continue
        with pytest.raises(Forbidden) as refused:
            check_same_site(request(**headers), needs_proof=needs_proof)
        assert refused.value.stable_code == "cross_site"


def test_a_program_without_either_header_has_no_cookie() -> None:
    check_same_site(request(), needs_proof=False)
    with pytest.raises(Forbidden):
        check_same_site(request(), needs_proof=True)


@pytest.mark.parametrize(
    ("scheme", "cookie", "value"),
    [
        ("http", "evenhand_session=a", "a"),
        ("http", "x=1; evenhand_session=a ;y=2", "a"),
        ("http", "__Host-evenhand_session=a", ""),
        ("https", "__Host-evenhand_session=a", "a"),
        # Over TLS the name that a sibling domain could set counts for nothing.
        ("https", "evenhand_session=b; __Host-evenhand_session=a", "a"),
        ("https", "evenhand_session=b", ""),
        ("http", "", ""),
        ("http", "evenhand_sessionx=a; xevenhand_session=b", ""),
    ],
)
def test_one_cookie_by_its_name(scheme: str, cookie: str, value: str) -> None:
    assert cookie_of(request(scheme, cookie=cookie), SESSION_COOKIE) == value


def test_two_cookies_of_one_name_are_refused() -> None:
    with pytest.raises(Unauthenticated):
        cookie_of(request(cookie="evenhand_session=a; evenhand_session=a"), SESSION_COOKIE)
