"""The annotator's page: a journey by keyboard, order, dialogs, instructions, errors."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from starlette.requests import Request
from tests.browser.conftest import Site, Watch
from tests.browser.journeys import answer, current_lease, expect_saved, sign_in
from tests.browser.seats import sign_out
from tests.browser.standin import Refused, Standin


def refuse(path: str, refused: Refused) -> Callable[[Request], Refused | None]:
    return lambda request: refused if request.url.path.endswith(path) else None


def test_five_tasks_by_keyboard_only(
    page: Page, site: Site, standin: Standin, watch: Watch
) -> None:
    sign_in(page, site)
    leases = [answer(page, key) for key in ("1", "2", "3", "ArrowLeft", "ArrowRight")]
    expect_saved(page, 5)
    choices = [standin.answers[lease]["answer"]["choice"] for lease in leases]
    assert choices == ["left", "right", "tie", "left", "right"]
    assert all(standin.answers[lease]["active_ms"] >= 0 for lease in leases)
    watch.check()


def test_swapped_order_is_shown_swapped_and_recorded_by_side(
    page: Page, site: Site, standin: Standin, watch: Watch
) -> None:
    standin.orders = ["swapped"]
    sign_in(page, site)
    expect(page.locator("[data-side='a'] .markdown")).to_have_text("Right answer 1.")
    expect(page.locator("[data-side='b'] .markdown")).to_have_text("Left answer 1.")
    lease = answer(page, "1")
    expect_saved(page, 1)
    assert standin.answers[lease]["answer"] == {"choice": "right", "order": "swapped"}
    watch.check()


def test_two_are_prefetched_and_the_next_needs_no_server(
    page: Page, site: Site, standin: Standin
) -> None:
    sign_in(page, site)
    assert len(standin.leases) == 3
    page.context.set_offline(True)
    answer(page, "1")
    expect(page.locator("[data-side='a'] .markdown")).to_have_text("Left answer 2.")


def test_submit_without_a_choice_says_what_is_missing(page: Page, site: Site, watch: Watch) -> None:
    sign_in(page, site)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Choose System A, System B or Tie first.")
    expect(page.locator("fieldset.options")).to_be_focused()
    page.keyboard.press("2")
    expect(page.get_by_role("alert")).to_have_text("")
    watch.check()


def test_a_required_reason_is_asked_for(page: Page, site: Site, standin: Standin) -> None:
    standin.settings = {"tie": False, "reason": "required", "order": "given"}
    sign_in(page, site)
    expect(page.get_by_role("radio")).to_have_count(2)
    page.keyboard.press("3")
    expect(page.locator(".option.is-picked")).to_have_count(0)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Reason")).to_be_focused()
    lease = current_lease(page)
    page.keyboard.type("First line. 1 2 3 s f ?")
    page.keyboard.press("Enter")
    page.keyboard.type("Second line.")
    page.keyboard.press("Control+Enter")
    expect_saved(page, 1)
    assert standin.answers[lease]["answer"]["reason"] == "First line. 1 2 3 s f ?\nSecond line."


@pytest.mark.parametrize(
    ("key", "title", "state"), [("s", "Skip", "skipped"), ("f", "Flag", "flagged")]
)
def test_skip_and_flag_ask_for_a_reason(
    page: Page, site: Site, standin: Standin, watch: Watch, key: str, title: str, state: str
) -> None:
    sign_in(page, site)
    lease = current_lease(page)
    page.keyboard.press(key)
    dialog = page.get_by_role("dialog", name=f"{title} this task")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(dialog.get_by_role("alert")).to_have_text("Please say why, in a few words.")
    page.keyboard.type("It is in a language that I cannot read")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_have_count(0)
    assert current_lease(page) != lease
    assert standin.leases[lease].state == state
    assert standin.leases[lease].reason == "It is in a language that I cannot read"
    watch.check()


def test_escape_closes_a_dialog_and_keeps_the_task(page: Page, site: Site) -> None:
    sign_in(page, site)
    lease = current_lease(page)
    page.keyboard.press("f")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert current_lease(page) == lease
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_keys_of_one_character_can_be_turned_off(page: Page, site: Site) -> None:
    sign_in(page, site)
    page.keyboard.press("?")
    page.get_by_label("Use keys of a single character").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect(page.locator(".option.is-picked")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="System B")).to_be_checked()


def test_instructions_beside_the_work_and_texts_as_written(
    page: Page, site: Site, standin: Standin, watch: Watch
) -> None:
    standin.items["item-1"]["left"] = "Some **bold** text"
    sign_in(page, site)
    heading = page.get_by_role("heading", name="Which answer is better?")
    expect(heading).to_be_visible()
    page.keyboard.press("i")
    expect(heading).to_be_hidden()
    expect(page.locator("[data-side='a'] strong")).to_have_text("bold")
    page.keyboard.press("m")
    expect(page.locator("[data-side='a'] pre.raw")).to_have_text("Some **bold** text")
    page.reload()
    expect(page.locator("[data-side='a'] pre.raw")).to_be_visible()
    expect(page.get_by_role("button", name="Instructions")).to_have_attribute(
        "aria-expanded", "false"
    )
    watch.check()


def test_frame_shows_level_and_receipt(page: Page, site: Site) -> None:
    sign_in(page, site)
    badge = page.get_by_role("button", name="L0 hosted key")
    badge.click()
    expect(page.get_by_text("a key that the operator of this server holds")).to_be_visible()
    receipt = page.locator(".task .receipt")
    expect(receipt).to_have_text("Receipt: leaf 17 of 42")
    expect(receipt).to_have_attribute("href", "/log/acme/receipt/17")


def test_no_work_left(page: Page, site: Site, standin: Standin, watch: Watch) -> None:
    standin.items = {"item-1": standin.items["item-1"]}
    sign_in(page, site)
    answer(page, "1")
    expect(page.get_by_role("heading", name="No work left")).to_be_visible()
    standin.items["late"] = {"prompt": "Late?", "left": "L", "right": ""}
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_text("This answer is empty.")).to_be_visible()
    watch.check()


def test_feedback_on_the_last_answer(page: Page, site: Site, standin: Standin) -> None:
    standin.feedback["item-1"] = {"correct": False, "reason": "A <b>haiku</b> has three lines."}
    sign_in(page, site)
    answer(page, "1")
    notice = page.locator(".notice")
    expect(notice).to_contain_text("differs from the agreed one")
    expect(notice).to_contain_text("A <b>haiku</b> has three lines.")


@pytest.mark.parametrize(
    ("refused", "sentence"),
    [
        (Refused(409, "lease_expired", "Too late."), "The time for this task had run out"),
        (Refused(404, "lease_not_yours", "No."), "no longer assigned to you"),
        (Refused(403, "wall_denied", "Acme is a rival."), "Acme is a rival."),
        (Refused(422, "invalid", "The answer has no order."), "The answer has no order."),
    ],
)
def test_a_refused_answer_is_kept_for_the_reader(
    page: Page, site: Site, standin: Standin, refused: Refused, sentence: str
) -> None:
    sign_in(page, site)
    page.keyboard.press("r")
    page.keyboard.type("Because of this.")
    standin.refuse = refuse("/judgments", refused)
    page.keyboard.press("Escape")
    page.locator("#task-title").focus()
    answer(page, "1")
    notice = page.get_by_role("alert").filter(has_text="One answer was not accepted")
    expect(notice).to_contain_text(sentence)
    expect(notice).to_contain_text("System A. Reason: Because of this.")
    page.reload()
    expect(notice).to_contain_text("Because of this.")
    notice.get_by_role("button", name="Dismiss").click()
    expect(notice).to_have_count(0)
    page.reload()
    expect(page.locator(".task")).to_be_visible()
    expect(notice).to_have_count(0)


def test_a_silent_log_is_retried(page: Page, site: Site, standin: Standin) -> None:
    sign_in(page, site)
    standin.refuse = refuse("/judgments", Refused(503, "log_unavailable", "No log."))
    answer(page, "1")
    expect(page.locator(".save-state")).to_have_text("1 unsent")
    expect(page.locator(".notice")).to_contain_text("The log that records every access")
    standin.refuse = lambda _request: None
    page.get_by_role("button", name="Try now").click()
    expect_saved(page, 1)
    expect(page.locator(".notice")).to_have_count(0)


def test_signed_out_elsewhere_keeps_the_answer(page: Page, site: Site, standin: Standin) -> None:
    sign_in(page, site)
    standin.sessions.clear()
    lease = answer(page, "2")
    page.locator(".notice").get_by_role("link", name="Sign in").click()
    page.wait_for_url("**/sign-in")
    page.goto(f"{site.url}/sign-in#code")
    page.get_by_label("Code").fill(site.code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/work")
    expect_saved(page, 1)
    assert standin.answers[lease]["answer"]["choice"] == "right"


def test_a_draft_outlives_a_reload(page: Page, site: Site) -> None:
    sign_in(page, site)
    lease = current_lease(page)
    page.keyboard.press("2")
    page.keyboard.press("r")
    page.keyboard.type("Half a thought")
    page.wait_for_timeout(500)
    page.reload()
    expect(page.get_by_label("Reason")).to_have_value("Half a thought")
    expect(page.get_by_role("radio", name="System B")).to_be_checked()
    assert current_lease(page) == lease


def test_a_closed_page_gives_back_what_was_not_touched(
    page: Page, site: Site, standin: Standin
) -> None:
    sign_in(page, site)
    page.goto("about:blank")
    page.wait_for_timeout(300)
    assert {lease.state for lease in standin.leases.values()} == {"released"}


def test_sign_out(page: Page, site: Site, standin: Standin) -> None:
    sign_in(page, site)
    sign_out(page)
    page.wait_for_url("**/sign-in")
    assert not standin.sessions
    page.goto(f"{site.url}/work")
    page.wait_for_url("**/sign-in*")


def test_a_wrong_code_is_refused(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/sign-in#code")
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Please enter your code.")
    page.get_by_label("Code").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(re.compile("not accepted"))
    expect(page.get_by_label("Code")).to_be_focused()


def test_the_palette_finds_and_does(page: Page, site: Site, standin: Standin, watch: Watch) -> None:
    sign_in(page, site)
    lease = current_lease(page)
    page.keyboard.press("r")
    page.keyboard.type("also from within a field")
    page.keyboard.press("Control+k")
    search = page.get_by_role("combobox", name="What do you want to do?")
    expect(search).to_be_focused()
    page.keyboard.type("tie")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="Tie")).to_be_checked()
    page.keyboard.press("Control+k")
    page.keyboard.type("no such words")
    expect(page.get_by_text("No command has these words.")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    page.keyboard.type("skip")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Skip this task")).to_be_visible()
    page.keyboard.press("Escape")
    assert current_lease(page) == lease
    assert not standin.answers
    watch.check()


def test_a_key_is_given_to_another_action_and_back(page: Page, site: Site, watch: Watch) -> None:
    sign_in(page, site)
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    dialog.get_by_role("button", name="Change the key of: System B is better").click()
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("status")).to_contain_text("The browser needs this key itself")
    dialog.get_by_role("button", name="Change the key of: System B is better").click()
    page.keyboard.press("s")
    expect(dialog.get_by_role("status")).to_contain_text("It no longer does: Skip the task")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.reload()
    expect(page.locator(".task")).to_be_visible()
    page.keyboard.press("s")
    expect(page.get_by_role("radio", name="System B")).to_be_checked()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("?")
    page.get_by_role("button", name="Reset keys").click()
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page.get_by_role("dialog", name="Skip this task")).to_be_visible()
    watch.check()


def test_the_summary_when_asked_and_at_the_end(page: Page, site: Site, standin: Standin) -> None:
    standin.items = {name: standin.items[name] for name in ("item-1", "item-2")}
    sign_in(page, site)
    answer(page, "1")
    expect_saved(page, 1)
    page.keyboard.press("t")
    rows = page.get_by_role("dialog", name="What was done").locator("tr")
    expect(rows.filter(has_text="Answered").locator("td")).to_have_text(["1", "1"])
    expect(rows.filter(has_text="in all").locator("td").nth(1)).to_have_text("1 min 1 s")
    page.keyboard.press("Escape")
    answer(page, "2")
    expect(page.get_by_role("heading", name="No work left")).to_be_visible()
    expect(page.locator(".summary tr").filter(has_text="Answered").locator("td")).to_have_text(
        ["2", "2"]
    )


def test_idle_time_does_not_count(page: Page, site: Site, standin: Standin) -> None:
    page.clock.install()
    sign_in(page, site)
    page.clock.fast_forward(40_000)
    page.mouse.move(300, 300)
    page.clock.fast_forward(3_600_000)
    page.keyboard.press("1")
    page.clock.fast_forward(5_000)
    lease = current_lease(page)
    page.keyboard.press("Enter")
    expect_saved(page, 1)
    # 40 s, then a minute's grace of the hour, then 5 s.
    assert 104_000 <= standin.answers[lease]["active_ms"] <= 112_000


def test_a_task_that_cannot_be_drawn_does_not_take_the_page(
    page: Page, site: Site, standin: Standin
) -> None:
    del standin.items["item-1"]["left"]
    sign_in(page, site)
    expect(page.get_by_role("alert").first).to_contain_text("This task cannot be shown")
    page.keyboard.press("f")
    page.keyboard.type("broken")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-side='a'] .markdown")).to_have_text("Left answer 2.")


def test_dialogs_that_follow_each_other_at_once(page: Page, site: Site, watch: Watch) -> None:
    sign_in(page, site)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Commands")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.wait_for_timeout(200)
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    watch.check()
