"""Signing in over HTTP: cookies, fixation, other sites, many at once, and an end at once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

import pytest
from tests.faults.processes import House
from tests.faults.wire import Answer, ask
from tests.faults.worlds import World, make
from tests.routes.operations import check_problem

PASSWORD = "seven grey herons"
SITE = {"Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Signed:
    email: str
    member: str
    code: str
    session: str


def send(house: House, method: str, path: str, body: object = None, **headers: str) -> Answer:
    data = None if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(house.url, method, f"/api/v1{path}", body=data, headers={**SITE, **named})


def session_of(answer: Answer) -> str:
    return answer.headers["set-cookie"].split(";")[0].partition("=")[2]


def cookie(session: str) -> str:
    return f"evenhand_session={session}"


def guest(house: House, world: World, role: str = "annotator") -> tuple[str, str, str]:
    email = f"{uuid4().hex}@people.example"
    made = make(
        house, "/invitations", {"email": email, "name": "Guest", "role": role}, key=world.owner
    )
    return email, made["member_id"], made["code"]


@pytest.fixture
def signed(house: House, world: World) -> Signed:
    email, member, code = guest(house, world)
    said = send(house, "POST", "/invitations/join", {"code": code, "password": PASSWORD})
    assert said.status == 201, said
    return Signed(email, member, code, session_of(said))


def me(house: House, session: str) -> Answer:
    return send(house, "GET", "/me", Cookie=cookie(session))


def test_cookies_are_out_of_reach_for_scripts_and_other_sites(house: House, signed: Signed) -> None:
    body = {"email": signed.email, "password": PASSWORD}
    said = send(house, "POST", "/session/password", body)
    assert said.status == 201
    flags = {part.strip().lower() for part in said.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "path=/", "samesite=lax"} <= flags
    assert not [flag for flag in flags if flag.startswith("domain")]
    over_tls = send(house, "POST", "/session/password", body, X_Forwarded_Proto="https")
    assert over_tls.headers["set-cookie"].startswith("__Host-evenhand_session=session_")
    assert "secure" in over_tls.headers["set-cookie"].lower()
    # A cookie that a sibling domain could have set counts for nothing over TLS.
    tossed = send(house, "GET", "/me", Cookie=cookie(signed.session), X_Forwarded_Proto="https")
    check_problem(tossed, 401)


def test_a_session_that_the_browser_brings_is_left(house: House, signed: Signed) -> None:
    """Fixation: what was there before is not what is there afterwards."""
    body = {"email": signed.email, "password": PASSWORD}
    said = send(house, "POST", "/session/password", body, Cookie=cookie(signed.session))
    fresh = session_of(said)
    assert fresh != signed.session
    assert me(house, fresh).status == 200
    check_problem(me(house, signed.session), 401)
    twice = send(house, "GET", "/me", Cookie=f"{cookie(fresh)}; {cookie(fresh)}")
    check_problem(twice, 401)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "X-HTTP-Method-Override": "GET"},
    ],
)
def test_another_site_changes_nothing(
    house: House, signed: Signed, headers: dict[str, str]
) -> None:
    named = {name.replace("-", "_"): value for name, value in headers.items()}
    for method, path, body in (
        ("DELETE", "/session", None),
        ("DELETE", "/me/sessions", None),
        ("POST", "/me/password", {"current": PASSWORD, "new": "another long phrase"}),
        ("POST", "/session/password", {"email": signed.email, "password": PASSWORD}),
        ("POST", "/session", {"code": signed.code}),
        ("POST", "/invitations/join", {"code": signed.code, "password": PASSWORD}),
    ):
        said = send(house, method, path, body, Cookie=cookie(signed.session), **named)
        check_problem(said, 403, about=path)
        assert said.code == "cross_site"
    assert me(house, signed.session).status == 200


def test_twenty_at_once_use_one_link(house: House, world: World) -> None:
    _, _, code = guest(house, world)

    def one(number: int) -> Answer:
        body = {"code": code, "password": f"{PASSWORD} {number}"}
        return send(house, "POST", "/invitations/join", body)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(one, range(20)))
    assert [said.status for said in answers].count(201) == 1
    for said in answers:
        assert said.status in {201, 401, 503}, said


def test_the_whole_account_by_its_routes(house: House, signed: Signed) -> None:
    here = {"Cookie": cookie(signed.session)}
    said = send(house, "GET", "/me/account", **here).json
    assert (said["email"], said["password_set"], said["second_factor"]) == (
        signed.email,
        True,
        False,
    )
    other = session_of(
        send(house, "POST", "/session/password", {"email": signed.email, "password": PASSWORD})
    )
    for body in (
        {"current": None, "new": "another long phrase"},
        {"current": "wrong", "new": "another long phrase"},
    ):
        check_problem(send(house, "POST", "/me/password", body, **here), 401)
    bad = send(house, "POST", "/me/password", {"current": PASSWORD, "new": "password1"}, **here)
    check_problem(bad, 422)
    good = {"current": PASSWORD, "new": "another long phrase"}
    assert send(house, "POST", "/me/password", good, **here).json == {"ended": 1}
    check_problem(me(house, other), 401)
    proof = {"password": "another long phrase"}
    factor = send(house, "POST", "/me/second-factor", proof, **here)
    assert factor.status == 201
    assert factor.json["uri"].startswith("otpauth://totp/")
    check_problem(
        send(house, "POST", "/me/second-factor/confirm", {"code": "0000000"}, **here), 409
    )
    check_problem(send(house, "POST", "/me/recovery-codes", proof, **here), 409)
    assert send(house, "POST", "/me/second-factor/remove", proof, **here).json == {"ended": 0}
    sessions = send(house, "GET", "/me/sessions", **here).json["items"]
    assert [one["current"] for one in sessions] == [True]
    assert send(house, "DELETE", "/me/sessions", **here).status == 204
    check_problem(me(house, signed.session), 401)


def test_a_password_as_long_as_a_book_is_refused_quickly(house: House, signed: Signed) -> None:
    for path in ("/session/password", "/invitations/join"):
        body = {"password": "x" * 10_000}
        body |= {"email": signed.email} if "session" in path else {"code": signed.code}
        check_problem(send(house, "POST", path, body), 422)


def test_a_lowered_role_ends_the_session_at_once(house: House, world: World) -> None:
    _, member, code = guest(house, world, "manager")
    body = {"code": code, "password": PASSWORD}
    session = session_of(send(house, "POST", "/invitations/join", body))
    lowered = ask(
        house.url, "POST", f"/api/v1/members/{member}/role", key=world.owner,
        body=json.dumps({"role": "annotator"}).encode(),
    )  # fmt: skip
    assert lowered.status == 200, lowered
    check_problem(me(house, session), 401)


def test_the_operator_resets_on_the_host_and_nobody_over_http(
    house: House, world: World, signed: Signed
) -> None:
    said = ask(house.url, "POST", f"/api/v1/members/{signed.member}/code", key=world.owner)
    check_problem(said, 409)
    assert said.code == "member_came_in"
    named = ("--workspace", world.workspace, "--json")
    done = house.run("member", "reset", signed.email, "--second-factor", *named)
    assert done.code == 0, done.err
    check_problem(me(house, signed.session), 401)
    seen = send(house, "POST", "/invitations/look", {"code": done.json["code"]}).json
    assert (seen["email"], seen["purpose"]) == (signed.email, "reset")
    assert house.run("member", "code", "no@people.example", *named).code == 1
    code = house.run("member", "code", signed.email, *named).json["code"]
    assert send(house, "POST", "/session", {"code": code}).status == 201
    check_problem(send(house, "POST", "/invitations/look", {"code": done.json["code"]}), 401)
