"""TOTP against the vectors of RFC 6238 appendix B and RFC 4226 appendix D."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.identity.totp import (
    SECRET_BYTES,
    STEP_S,
    code_at,
    find_step,
    render_secret_text,
    render_uri,
)

SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    assert code_at(SECRET, seconds // STEP_S, digits=8) == code
    assert find_step(SECRET, code[2:], now_s=seconds) == seconds // STEP_S


def test_the_vectors_of_rfc_4226() -> None:
    codes = [
        "755224",
        "287082",
        "359152",
        "969429",
        "338314",
        "254676",
        "287922",
        "162583",
        "399871",
        "520489",
    ]
    assert [code_at(SECRET, step) for step in range(10)] == codes


def test_one_step_around_the_present_one_and_no_more() -> None:
    now_s = 1_000_000 * STEP_S + 7.5
    for away in range(-3, 4):
        found = find_step(SECRET, code_at(SECRET, 1_000_000 + away), now_s=now_s)
        assert found == (1_000_000 + away if abs(away) <= 1 else None)
    assert find_step(SECRET, "755224", now_s=0) == 0  # There is no step before the first.


@pytest.mark.parametrize(
    "typed",
    ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "-12345", "1e1000", "²²²²²²"],
)
def test_what_is_no_code(typed: str) -> None:
    assert find_step(SECRET, typed, now_s=59) is None


@given(secret=st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES), step=st.integers(1, 2**40))
def test_spaces_do_not_count(secret: bytes, step: int) -> None:
    code = code_at(secret, step)
    assert find_step(secret, f" {code[:3]} {code[3:]}\t", now_s=step * STEP_S) is not None


@given(
    secret=st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES),
    account=st.text(min_size=1),
    issuer=st.text(min_size=1),
)
def test_the_address_tells_an_authenticator_all(secret: bytes, account: str, issuer: str) -> None:
    account, issuer = (text.encode("utf-8", "replace").decode() for text in (account, issuer))
    parts = urlsplit(render_uri(secret, account=account, issuer=issuer))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    said = parse_qs(parts.query)
    assert base64.b32decode(said["secret"][0]) == secret
    assert said["issuer"] == [issuer]
    assert render_secret_text(secret).replace(" ", "") == said["secret"][0]
