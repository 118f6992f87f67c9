"""First five minutes of a new user: the demo's page in a real browser, from `/status` to a repaired trunk."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from bot.engine.checks.pbx_health import FRESH
from tests.end_to_end.harness import ANNA, BORIS, GROUP
from tests.fixtures.examples import ONLY_FIRST_CASES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
OF_A_REAL_BOT = {"STATIONS_FILE": "my.toml", "WEBHOOK_URL": "https://bot.example/x", "ALERT_AFTER": "never"}
SCREENSHOT = os.environ.get("SCREENSHOT")  # `make picture` names the file

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("BROWSER_TEST") != "required", reason="there is no Chromium on this machine"
)


@pytest.fixture
def options() -> tuple[str, ...]:
    return ()


@pytest.fixture
def demo(tmp_path: Path, options: tuple[str, ...]) -> Iterator[str]:
    # Settings of a real bot on the same machine, which are not for the demo.
    bare = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME")} | OF_A_REAL_BOT
    command = [sys.executable, "-m", "bot", "demo", "--port", "0", *options]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=bare, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    told = ""
    try:
        assert process.stdout is not None
        for line in process.stdout:
            told += line
            if address := re.search(r"http://127\.0\.0\.1:\d+", line):
                yield address.group()
                break
    finally:
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=20)[1]
    assert (process.returncode, errors) == (0, "")
    steps = ("MikoPBX    ", "Telegram   ", "The bot    is starting", "is ready after", "Tuesday, 11:00", "Open")
    assert re.search(".*".join(steps), told, re.DOTALL), told


@pytest.fixture
def page(demo: str) -> Iterator[Page]:
    assert CHROMIUM is not None, "this machine must have Chromium: BROWSER_TEST=required"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(30_000)
        page.goto(demo)
        yield page
        browser.close()


def test_a_newcomer_asks_breaks_takes_and_mends(page: Page) -> None:
    messages, tour = page.get_by_test_id("message"), page.get_by_test_id("tour")
    composer = page.get_by_test_id("composer")
    expect(messages.filter(has_text="I look after Head office")).to_be_visible(timeout=30_000)
    expect(page.get_by_test_id(f"person-{BORIS}")).to_contain_text(
        re.compile("Boris Petrov.*operator.*takes and mutes")
    )
    expect(page.locator("#pbx-time")).to_contain_text("Tuesday, 11:")
    expect(done(tour)).to_have_count(0)
    composer.fill("/status")
    composer.press("Enter")
    # The PBX does not report the state of the fourth, an IAX trunk.
    expect(messages.filter(has_text="3 of 3 trunks").first).to_be_visible(timeout=30_000)

    zadarma = page.get_by_test_id("pbx-panel").locator("[data-state]").filter(has_text="Zadarma").first
    zadarma.get_by_role("button", name="Break").first.click()
    alert = messages.filter(has_text="Zadarma is down").first
    expect(alert).to_be_visible(timeout=30_000)

    expect(done(tour)).to_have_count(2)

    tour.get_by_test_id("tour-taken").click()
    alert.get_by_test_id("inline-button").filter(has_text="on it").click()
    expect(messages.filter(has_text="Boris Petrov is on it").filter(has_text="Zadarma").first).to_be_visible()
    expect(done(tour)).to_have_count(3)
    expect(tour).to_contain_text("Done:")
    tour.get_by_test_id("tour-close").click()
    page.reload()
    expect(messages.filter(has_text="Boris Petrov is on it").first).to_be_visible()
    expect(tour).to_be_hidden()

    zadarma.get_by_role("button", name="Mend").first.click()
    expect(messages.filter(has_text="Zadarma is up again").first).to_be_visible(timeout=30_000)
    expect(messages.filter(has_text="Zadarma is down")).to_have_count(0)
    if SCREENSHOT:
        keep_picture(page, SCREENSHOT)
    composer.fill("/cdr today")
    composer.press("Enter")
    # The PBX lives on the same Tuesday: its newest call has just been.
    expect(messages.last).to_contain_text(re.compile(r"1\. \S+ 1[01]:\d\d"))
    expect(messages.last).not_to_contain_text("missed, after hours")
    looks_after_the_health_of_the_pbx(page)


def looks_after_the_health_of_the_pbx(page: Page) -> None:
    """As Anna, the administrator, in her private chat: Telegram takes few messages to a group in a minute. In the same
    browser, since another one takes seconds to start."""
    messages, composer = page.get_by_test_id("message"), page.get_by_test_id("composer")
    panel = page.get_by_test_id("pbx-panel")

    def turns(name: str, *, to: bool) -> None:
        switch = page.get_by_test_id(f"{name}-toggle")
        switch.click()
        expect(switch).to_have_attribute("aria-checked", str(to).lower())

    def asks(text: str, *answered: str) -> Locator:
        composer.fill(text)
        composer.press("Enter")
        for one in answered:
            expect(messages.filter(has_text=one).last).to_be_visible(timeout=30_000)
        return messages.filter(has_text=answered[0]).last

    page.get_by_test_id(f"person-{ANNA}").click()
    page.get_by_test_id(f"chat-{ANNA}").click()
    for name in ("disk", "password", "bans"):
        turns(name, to=False)
    card = asks("/pbx", "400 MB of 50 GB free")
    looked = page.evaluate("Date.now()")
    for found in ("MikoPBX 2026.9.5", "up since", "The PBX's disk is nearly full", "the default one", "2 addresses"):
        expect(card).to_contain_text(found)
    # What is no alert is told here, without a sound.
    expect(messages.filter(has_text="2 incidents").filter(has_text="the default one").last).to_be_visible()
    bans = asks("/bans", "2 addresses are banned")
    bans.get_by_test_id("inline-button").filter(has_text="127.0.0.1").click()
    page.get_by_test_id("inline-button").filter(has_text="Unban").last.click()
    expect(messages.filter(has_text="127.0.0.1 is not banned any more").last).to_be_visible()
    expect(panel).to_contain_text(re.compile("Banned addresses *1"))
    for name in ("disk", "password", "bans"):
        turns(name, to=True)
    # A look is a few seconds old at most.
    page.wait_for_function("at => Date.now() > at", arg=looked + 1000 * FRESH.total_seconds())
    asks("/pbx", "Nothing is wrong that the bot can see")
    page.get_by_test_id(f"chat-{GROUP}").click()
    expect(messages.filter(has_text="The PBX's disk has room again").last).to_be_visible(timeout=30_000)
    page.get_by_test_id(f"chat-{ANNA}").click()
    turns("release", to=False)
    expect(panel).to_contain_text("2026.1")
    asks("/pbx", "has a known fault")


@pytest.mark.skipif(ONLY_FIRST_CASES, reason="a second browser takes eight seconds: CI has it")
@pytest.mark.parametrize("options", [("--pbxs", "12")])
def test_a_newcomer_with_many_pbxs_finds_one_and_breaks_what_is_shown(page: Page) -> None:
    messages, search = page.get_by_test_id("message"), page.get_by_test_id("pbx-search")
    page.get_by_test_id("tour-asked").click()
    expect(done(page.get_by_test_id("tour"))).to_have_count(1)
    search.fill("ch 1")
    expect(page.get_by_test_id("pbx-choice").locator("option")).to_have_text(
        ["Head office", "Branch 10", "Branch 11", "Branch 12"]
    )
    search.fill("ch 12")
    search.press("Enter")
    zadarma = page.get_by_test_id("pbx-panel").locator("[data-state]").filter(has_text="Zadarma").first
    zadarma.get_by_role("button", name="Break").first.click()
    expect(messages.filter(has_text="Zadarma is down · Branch 12").first).to_be_visible(timeout=30_000)
    page.get_by_test_id("pbx-choice").select_option("Head office")
    expect(zadarma.get_by_role("button", name="Break").first).to_be_visible()


@pytest.mark.skipif(ONLY_FIRST_CASES, reason="a third browser takes eight seconds: CI has it")
@pytest.mark.parametrize("options", [("--language", "ru")])
def test_a_russian_newcomer_reads_russian(page: Page) -> None:
    panel = page.get_by_test_id("pbx-panel")
    expect(page.get_by_test_id("message").filter(has_text="Я присматриваю")).to_be_visible()
    expect(page.get_by_test_id("tour")).to_contain_text("Войдите как Борис")
    expect(page.get_by_test_id(f"person-{BORIS}")).to_contain_text("оператор")
    expect(panel).to_contain_text("вторник, 11:")
    # On a phone the second step leads to the panel of the PBX.
    page.set_viewport_size({"width": 400, "height": 800})
    expect(panel).to_be_hidden()
    page.get_by_test_id("tour-broken").click()
    expect(panel).to_be_visible()
    rostelecom = panel.locator("[data-state]").filter(has_text="Ростелеком").first
    rostelecom.get_by_role("button", name="Сломать").first.click()
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(page.get_by_test_id("message").filter(has_text="Ростелеком").first).to_be_visible(timeout=30_000)
    expect(panel).to_contain_text("запрос")
    shown = page.locator("body").inner_text()
    foreign = {*re.findall(r"(?<![\w@./])[A-Za-z]{2,}(?![\w.])", shown)}
    assert foreign <= {"MikoPBX", "Telegram", "Asterisk", "API", "IAX", "PHP", "Redis", "JSON", "HTML"}


def done(tour: Locator) -> Locator:
    return tour.locator("[data-done=true]")


def keep_picture(page: Page, path: str) -> None:
    """For the README: one outage that is over and one that is open."""
    mango = page.get_by_test_id("pbx-panel").locator("[data-state]").filter(has_text="Mango").first
    mango.get_by_role("button", name="Break").first.click()
    expect(page.get_by_test_id("message").filter(has_text="Mango Office is down").first).to_be_visible(timeout=30_000)
    expect(page.get_by_test_id("toast")).to_have_count(0)
    page.mouse.move(700, 20)
    page.screenshot(path=path)
