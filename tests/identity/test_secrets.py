"""The form of a secret: what is rendered is parsed, and nothing else; only its hash is kept."""

from __future__ import annotations

import hashlib
import string
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.identity.secrets import SECRET_KINDS, hash_secret, parse_secret, render_secret
from evenhand.platform.ids import new_secret

kinds = st.sampled_from(SECRET_KINDS)
randoms = st.text(string.ascii_letters + string.digits + "-_", min_size=43, max_size=43)
GOOD = render_secret("live", UUID(int=5), "x" * 43)


@given(kinds, st.uuids(), randoms)
def test_what_is_rendered_is_parsed(kind: str, workspace: UUID, random_text: str) -> None:
    text = render_secret(kind, workspace, random_text)
    assert parse_secret(text) == (kind, workspace)
    assert text.startswith(f"{kind}_")
    assert text.endswith(random_text)


@given(st.text(max_size=80) | st.text(alphabet=st.characters(codec="ascii"), max_size=80))
def test_any_text_is_parsed_or_refused_but_never_a_fault(text: str) -> None:
    parsed = parse_secret(text)
    assert parsed is None or (parsed[0] in SECRET_KINDS and text.startswith(parsed[0] + "_"))


@given(kinds, st.text(max_size=70))
def test_behind_a_known_kind_any_text_is_parsed_or_refused(kind: str, rest: str) -> None:
    parsed = parse_secret(f"{kind}_{rest}")
    assert parsed is None or (parsed[0] == kind and len(rest) == 65)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "live",
        "live_",
        GOOD[:-1],
        GOOD + "x",
        GOOD.replace("live", "LIVE"),
        GOOD.replace("live", "root"),
        GOOD.replace("_", "-", 1),
        GOOD[:-1] + "ä",
        " " + GOOD,
        "live_" + "!" * 22 + "x" * 43,
        "live_" + "A" * 20 + "!!" + "x" * 43,
    ],
)
def test_what_is_not_of_our_form_is_refused(text: str) -> None:
    assert parse_secret(text) is None


def test_a_secret_has_256_random_bits() -> None:
    made = {new_secret() for _ in range(50)}
    assert len(made) == 50
    assert {len(one) for one in made} == {43}  # 43 * 6 bits hold 32 bytes.
    assert all(parse_secret(render_secret("code", UUID(int=1), one)) for one in made)


@given(st.text(max_size=100))
def test_the_hash_is_sha256_of_the_whole(text: str) -> None:
    assert hash_secret(text) == hashlib.sha256(text.encode()).digest()
