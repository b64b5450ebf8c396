"""Passwords that will do, networks that share a limit, ranks, and what a browser is called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.identity.model import ROLES
from evenhand.identity.rules import (
    PASSWORD_CHARS_MAX,
    PASSWORD_CHARS_MIN,
    check_password,
    device_of,
    network_of,
    outranks,
)
from evenhand.platform.errors import Invalid

ADDRESS = "ada.lovelace@people.example"


@pytest.mark.parametrize(
    "password",
    [
        "seven grey herons",
        "  leading and trailing  ",
        "x" * 5 + "yzwvutsr" * 20,
        "пароль из многих слов",
        "e\u0301lan vital et plus",
        "\u00e9lan vital et plus",
        "Tr0ub4dor&3-and-more",
        "ada likes long walks",
    ],
)
def test_what_will_do(password: str) -> None:
    check_password(password, email=ADDRESS, names=("Ada", "Lanternfield"))


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "a" * (PASSWORD_CHARS_MIN - 1),
        "zq" * PASSWORD_CHARS_MAX,
        "aaaaaaaaaaaaaaa",
        "ababababababab",
        "1234567890",
        "0987654321",
        "abcdefghijkl",
        "qwertyuiop",
        "poiuytrewq",
        "password123",
        "P@ssw0rd2026!",
        "!!!Dragon!!!99",
        "Summer2026!!",
        "letmein12345",
        "iloveyou1234",
        "qwerty12345!",
        "Passwort2026",
        "evenhand2026",
        ADDRESS,
        "ada.lovelace1",
        "Lanternfield9",
    ],
)
def test_what_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_password(password, email=ADDRESS, names=("Ada", "Lanternfield"))
    assert refused.value.stable_code == "password_refused"
    assert password not in refused.value.detail


@given(st.text(min_size=1, max_size=40))
def test_very_long_ones_are_refused(piece: str) -> None:
    with pytest.raises(Invalid):
        check_password(piece * 10_000, email=ADDRESS)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        (None, "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_networks(address: str | None, network: str) -> None:
    assert network_of(address) == network


def test_ranks_are_those_of_the_table() -> None:
    for one in ROLES:
        for other in ROLES:
            assert outranks(one, other) is (ROLES.index(one) < ROLES.index(other))


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0 Safari/537.36", "Chrome, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/1 Safari/1 Edg/1", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU like Mac OS X) Safari/604", "Safari, iOS"),
        ("Mozilla/5.0 (Android 15; Mobile) Firefox/140.0", "Firefox, Android"),
        ("<script>alert(1)</script>", "Another browser"),
        ("", "Another browser"),
    ],
)
def test_a_browser_is_told_in_our_own_words(agent: str, device: str) -> None:
    assert device_of(agent) == device
