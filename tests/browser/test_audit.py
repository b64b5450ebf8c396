"""The auditor's pages against a real service: an entry proved in the browser, by keyboard alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.conftest import TELL_VIOLATIONS, Watch
from tests.browser.journeys import tab_to, violations
from tests.browser.payloads import hostile
from tests.faults.wire import ask
from tests.ground import LiveService, LiveTenant

from evenhand.client import Client

SHOTS = os.environ.get("EVENHAND_SHOTS")
WIDE = """(width) => document.documentElement.scrollWidth <= width ? [] :
  [...document.querySelectorAll("main *")]
    .filter((e) => e.getBoundingClientRect().right > width && e.closest(".wide") === null)
    .map((e) => `${e.localName}.${e.className}`)"""
PAGES = ("/audit", "/audit/search?all=", "/audit/exposure", "/audit/wall", "/audit/entries/{entry}")


@dataclass
class House:
    """A workspace in which work was done."""

    live: LiveService
    tenant: LiveTenant
    project: str
    item: str
    own_id: str
    """The customer's own id of that item."""
    entry: int
    """The entry of that item's release."""

    def auditor(self) -> str:
        """The one-time code of a fresh auditor."""
        body = {"email": f"a-{uuid4().hex[:8]}@people.example", "name": "Ada", "role": "auditor"}
        return self.tenant.owner.post("/invitations", body)["code"]


def lease(client: Client, project: str, hold: int) -> list[dict[str, object]]:
    return client.post(f"/projects/{project}/leases", {"hold": hold, "have": []})["leases"]


def await_published(tenant: LiveTenant) -> None:
    """A new log's files come within a second."""
    deadline = time.monotonic() + 20
    address = f"/log/{tenant.id}/checkpoint"
    while ask(tenant.live.url, "GET", address, key=tenant.owner_key).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def house(live_service: LiveService) -> House:
    tenant = live_service.workspace("Acme")
    vendors = [
        tenant.owner.post("/parties", {"kind": "organization", "name": name, "role": "vendor"})[
            "id"
        ]
        for name in ("Labels Ltd", "Second Sight")
    ]
    project = tenant.project(name="Answers", judgments_per_item=2)
    tenant.load(project, 40)
    first = tenant.person(name="Grace Hopper", vendor_id=vendors[0])
    given = lease(first, project, 20)
    lease(tenant.person(name="Alan Turing", vendor_id=vendors[0]), project, 7)
    lease(tenant.person(name="Edsger Dijkstra", vendor_id=vendors[1]), project, 13)
    rival = tenant.owner.post(
        "/parties", {"kind": "organization", "name": "Metal", "role": "rival"}
    )["id"]
    tenant.owner.post("/rivals", {"party_id": rival})
    tie = {"from_id": rival, "to_id": vendors[1], "kind": "economic", "share_lo": "0.49"}
    tenant.owner.post("/ties", {**tie, "share_hi": "0.49", "source": "a filing"})
    receipt = given[5]["receipt"]
    assert isinstance(receipt, dict)
    shown = given[5]["payload"]
    assert isinstance(shown, dict)
    await_published(tenant)
    own_id = "item-" + "".join(letter for letter in shown["prompt"] if letter.isdecimal())
    return House(live_service, tenant, project, str(given[5]["item_id"]), own_id, receipt["index"])


@pytest.fixture
def watch(house: House) -> Watch:
    return Watch(origin=house.live.url)


def sign_in(page: Page, house: House) -> None:
    page.goto(f"{house.live.url}/sign-in#code")
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type(house.auditor())
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit")
    expect(page.get_by_role("heading", name="Transparency log")).to_be_visible()


def test_from_sign_in_to_a_verified_receipt_by_keyboard_alone(
    page: Page, house: House, watch: Watch, tmp_path: Path
) -> None:
    sign_in(page, house)
    expect(page.locator("[data-signature='good']")).to_be_visible()
    tab_to(page, page.get_by_role("link", name="Search accesses"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Id of an item"))
    page.keyboard.type(house.item)
    page.keyboard.press("Enter")
    row = page.locator(".results tbody tr").filter(has_text="Grace Hopper")
    expect(row).to_contain_text("annotate")
    expect(page.locator(".look-note")).to_contain_text("This look was logged as")
    tab_to(page, row.get_by_role("link", name=str(house.entry), exact=True))
    page.keyboard.press("Enter")
    expect(page.locator("[data-proof='proved']")).to_be_visible()
    expect(page.locator("#announcer")).to_contain_text("checked the signature")
    expect(page.locator(".steps li[data-fits='true']")).to_be_visible()
    sides = page.locator(".steps li[data-side]")
    assert sides.count() >= 5
    tab_to(page, page.get_by_role("button", name="Open the details"))
    page.keyboard.press("Enter")
    expect(
        page.get_by_text("the ids are the ones that the proved entry commits to")
    ).to_be_visible()
    tab_to(page, page.get_by_role("link", name="Download the receipt"))
    with page.expect_download() as started:
        page.keyboard.press("Enter")
    receipt = tmp_path / started.value.suggested_filename
    started.value.save_as(receipt)
    assert receipt.name == f"receipt-{house.entry}.txt"
    command = page.locator("#receipt-title ~ .copyable pre").first.inner_text().split(" ")
    assert command[:4] == ["evenhand", "receipt", "verify", receipt.name]
    verify = [
        sys.executable,
        "-m",
        "evenhand",
        "receipt",
        "verify",
        str(receipt),
        *command[4:],
        "--json",
    ]
    done = subprocess.run(
        [part.strip("'") for part in verify], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["index"] == house.entry
    receipt.write_bytes(receipt.read_bytes().replace(b"\nindex ", b"\nindex 1", 1))
    refused = subprocess.run([part.strip("'") for part in verify], capture_output=True, check=False)
    assert refused.returncode == 1
    watch.check()


@pytest.fixture
def tampered(house: House) -> Iterator[Path]:
    """The bundle with the entry, one bit of a sealed byte flipped; whole again afterwards."""
    folder = house.live.data_dir / "logs" / str(house.tenant.id) / "tile"
    files = [path for path in (folder / "entries").rglob("*") if path.is_file()]
    kept = {path: path.read_bytes() for path in files}
    for path, data in kept.items():
        path.write_bytes(flipped_in_entry(data, house.entry % 256))
    yield folder
    for path, data in kept.items():
        path.write_bytes(data)


def flipped_in_entry(bundle: bytes, place: int) -> bytes:
    at = 0
    for _ in range(place):
        if at >= len(bundle):
            return bundle
        at += 2 + int.from_bytes(bundle[at : at + 2])
    spot = bundle.find(b'"details":"', at) + 20
    return bundle[:spot] + bytes([bundle[spot] ^ 1]) + bundle[spot + 1 :]


@pytest.mark.usefixtures("tampered")
def test_a_tampered_bundle_is_told_and_named(page: Page, house: House, watch: Watch) -> None:
    sign_in(page, house)
    page.goto(f"{house.live.url}/audit/entries/{house.entry}")
    shown = page.locator("[data-proof='broken']")
    expect(shown).to_contain_text("the files of the log contradict each other")
    expect(shown).to_contain_text("tile/entries/")
    expect(page.locator(".steps li[data-fits='false']")).to_be_visible()
    expect(page.locator("[data-proof='proved']")).to_have_count(0)
    watch.check()


def test_another_key_is_not_believed(page: Page, house: House, watch: Watch) -> None:
    sign_in(page, house)
    field = page.get_by_label("Verifier key")
    page.get_by_text("Enter the key that you were given").click()
    field.fill("nonsense")
    page.get_by_role("button", name="Check with this key").click()
    expect(page.get_by_role("alert").filter(has_text="not a verifier key")).to_be_visible()
    other = house.live.workspace("Other").vkey
    field.fill(other)
    page.get_by_role("button", name="Check with this key").click()
    expect(page.locator("[data-signature='bad']")).to_be_visible()
    expect(page.get_by_text("The server now names another key")).to_be_visible()
    page.goto(f"{house.live.url}/audit/entries/{house.entry}")
    expect(page.locator("[data-proof='forged']")).to_be_visible()
    watch.check()


def test_an_entry_that_is_not_there(page: Page, house: House, watch: Watch) -> None:
    sign_in(page, house)
    page.goto(f"{house.live.url}/audit/entries/999999")
    expect(page.locator("[data-proof='failed']")).to_contain_text("does not reach this one")
    page.goto(f"{house.live.url}/audit/entries/x")
    expect(page.get_by_role("alert")).to_contain_text("names no entry")
    watch.check()


def test_who_saw_what_leads_to_what_stands_behind_it(
    page: Page, house: House, watch: Watch
) -> None:
    sign_in(page, house)
    page.get_by_role("link", name="Who saw what").click()
    vendors = page.get_by_role("region", name="By vendor").locator("tbody tr")
    expect(vendors.filter(has_text="Labels Ltd").locator(".number")).to_have_text("27")
    expect(vendors.filter(has_text="Labels Ltd")).to_contain_text("67.5 %")
    people = page.get_by_role("region", name="By person").locator("tbody tr")
    expect(people.filter(has_text="Grace Hopper").locator(".number")).to_have_text("20")
    page.get_by_label("Count in").select_option("Answers")
    expect(people).to_have_count(3)
    page.get_by_role("button", name="Items shown to Grace Hopper").click()
    items = page.get_by_role("region", name="Items shown to Grace Hopper").locator("tbody tr")
    expect(items).to_have_count(20)
    items.first.get_by_role("link").click()
    expect(page.locator(".results tbody tr").first).to_contain_text("Grace Hopper")
    page.get_by_role("link", name="Wall").click()
    denied = page.locator("tbody tr").filter(has_text="Edsger Dijkstra")
    expect(denied).to_contain_text("Denied")
    expect(denied).to_contain_text("Metal")
    watch.check()


def test_an_item_by_the_customers_own_id(page: Page, house: House, watch: Watch) -> None:
    sign_in(page, house)
    page.goto(f"{house.live.url}/audit/search")
    expect(page.get_by_label("Project", exact=True)).to_have_value(house.project)
    page.get_by_label("Your own id of the item").fill(house.own_id)
    page.get_by_role("button", name="Search by own id").click()
    expect(page.locator(".results tbody tr").first).to_contain_text("annotate")
    assert "item=" in page.url
    assert house.own_id not in page.url
    page.get_by_label("Id of an item").fill("no id")
    page.get_by_role("button", name="Search by id").click()
    expect(page.get_by_role("alert")).to_contain_text("An id looks like")
    watch.check()


def test_a_session_that_ended_is_told(page: Page, house: House) -> None:
    sign_in(page, house)
    page.goto(f"{house.live.url}/audit/search")
    expect(page.get_by_label("Project", exact=True)).to_have_value(house.project)
    page.context.clear_cookies()
    page.get_by_role("button", name="Search by person").click()
    expect(page.get_by_text("You have been signed out")).to_be_visible()


@pytest.mark.parametrize("index", [1, 5, 19, 21])
def test_hostile_names_are_texts(page: Page, house: House, watch: Watch, index: int) -> None:
    text = hostile(index).replace("\0", "").replace("\x0b", "")
    other = house.live.workspace("Hostile " + str(index))
    vendor = other.owner.post("/parties", {"kind": "organization", "name": text, "role": "vendor"})[
        "id"
    ]
    project = other.project(name=text)
    other.load(project, 2)
    lease(other.person(name=text, vendor_id=vendor), project, 1)
    await_published(other)
    strange = House(house.live, other, project, "", "", 0)
    sign_in(page, strange)
    for path in ("/audit", "/audit/search?all=", "/audit/exposure", "/audit/wall"):
        page.goto(house.live.url + path)
        expect(page.locator("main td:visible").first).to_be_visible()
        if path != "/audit":
            shown = page.locator("bdi").filter(has_text=text.split("\n")[0].strip()[:20]).first
            assert shown.text_content() == text
        page.wait_for_timeout(60)
        assert page.evaluate("() => window.ran") is None
    watch.check()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, house: House, scheme: str) -> None:
    context: BrowserContext = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": 1280, "height": 900},
        reduced_motion="reduce",
    )
    context.set_default_timeout(8000)
    context.add_init_script(TELL_VIOLATIONS)
    page = context.new_page()
    watch = Watch(origin=house.live.url)
    watch.attach(page)
    sign_in(page, house)
    session = context.new_cdp_session(page)
    for path in PAGES:
        page.goto(house.live.url + path.format(entry=house.entry))
        expect(page.locator(".card, .results").first).to_be_visible()
        expect(page.locator(".waiting")).to_have_count(0)
        found = violations(session)
        if SHOTS is not None:
            name = path.strip("/").replace("/", "-").partition("?")[0].replace("{entry}", "n")
            page.screenshot(path=f"{SHOTS}/{name}-{scheme}.png", full_page=True)
        assert found == [], path
    watch.check()
    context.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_is_cut_off_sideways(page: Page, house: House, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    sign_in(page, house)
    for path in PAGES:
        page.goto(house.live.url + path.format(entry=house.entry))
        expect(page.locator(".card").first).to_be_visible()
        expect(page.locator(".waiting")).to_have_count(0)
        wide = page.evaluate(WIDE, width)
        assert wide == [], path
