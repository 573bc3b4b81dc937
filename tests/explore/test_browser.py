"""The explorer in a real browser: Chromium, without a network, over the small lake."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from pivotmine.explore.answers import Explorer
from pivotmine.explore.app import build_app
from pivotmine.explore.offline import offline_page
from tests.explore.lake import SCRIPT
from tests.explore.test_pages import ADDRESSES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the path")


@pytest.fixture(scope="module")
def base(explorer: Explorer) -> Iterator[str]:
    """Address of a running server."""
    server = uvicorn.Server(uvicorn.Config(build_app(explorer), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page; the test fails if a script fails, or the browser refuses or misses something."""
    with browser.new_context() as context:
        opened = context.new_page()
        said: list[str] = []
        opened.on("pageerror", lambda error: said.append(str(error)))
        opened.on("console", lambda told: said.append(told.text) if told.type == "error" else None)
        opened.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        yield opened
        assert [one for one in said if "status of 404" not in one] == []


def test_a_word_is_searched_with_the_keyboard_alone(page, base):
    page.goto(f"{base}/corpus")
    page.keyboard.press("/")
    page.keyboard.type("ecol")
    page.get_by_role("option").first.wait_for()
    assert page.get_by_role("combobox").get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/word?q=fr%3A%C3%A9cole")
    assert page.locator("h1").inner_text() == "fr:école"


def test_escape_closes_the_suggestions_and_a_click_takes_one(page, base):
    page.goto(f"{base}/word")
    box = page.get_by_role("combobox")
    box.fill("ca")
    page.get_by_role("option").first.wait_for()
    box.press("Escape")
    assert page.get_by_role("listbox").count() == 0
    box.press("ArrowDown")
    page.get_by_role("option").first.click()
    page.wait_for_url("**/word?q=en%3Acat")


def test_the_bridge_is_drawn_and_a_click_on_a_word_leads_to_it_and_back(page, base):
    page.goto(f"{base}/bridge?{ADDRESSES['bridge']}")
    page.wait_for_function("document.querySelector('figure.graph').drawn")
    nodes = page.evaluate(
        "document.querySelector('figure.graph').drawn.nodes().map(n => [n.data('asked'),"
        " n.renderedPosition()])"
    )
    assert [asked for asked, _ in nodes] == ["fr:chat", "zh:猫", "en:cat"]
    frame = page.locator("figure.graph .drawing").bounding_box()
    page.mouse.click(frame["x"] + nodes[2][1]["x"], frame["y"] + nodes[2][1]["y"])
    page.wait_for_url("**/word?q=en%3Acat")
    page.go_back()
    page.wait_for_url("**/bridge?*")
    assert page.get_by_role("combobox", name="From").input_value() == "fr:chat"


def test_lines_lead_to_the_document_and_to_their_next_page(page, base):
    page.goto(f"{base}/lines?a=chat")
    page.get_by_role("link", name="Next page").click()
    page.wait_for_url("**page=2")
    page.locator("a.doc").first.click()
    page.wait_for_url("**/document?id=*")
    assert page.locator(".text .end").count() > 0


def test_the_links_of_a_document_are_drawn_between_their_words(page, base):
    page.goto(f"{base}/document?{ADDRESSES['document']}")
    curves = page.locator(".text path")
    curves.first.wait_for(state="attached")
    assert curves.count() == 2
    page.locator(".links li").first.hover()
    assert page.locator(".text path.on").count() == 1
    assert page.locator(".text .end.on").count() == 2
    page.get_by_label("draw links").uncheck()
    assert curves.count() == 0


@pytest.mark.parametrize("view", ["document", "arms", "corpus"])
def test_charts_are_drawn(page, base, view):
    page.goto(f"{base}/{view}?{ADDRESSES[view]}")
    page.locator("figure.chart svg").first.wait_for()
    assert page.locator("figure.chart").count() == page.locator("figure.chart svg").count()


def test_a_chart_follows_the_change_to_dark_colours(page, base):
    def ground():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.emulate_media(color_scheme="light")
    page.goto(f"{base}/arms")
    light = ground()
    label = page.locator("figure.chart svg text").first
    label.wait_for()
    before = label.get_attribute("fill")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        f"document.querySelector('figure.chart svg text')?.getAttribute('fill') !== '{before}'"
    )
    assert ground() != light


@pytest.mark.parametrize("view", ADDRESSES)
def test_a_narrow_screen_scrolls_tables_and_not_the_page(page, base, view):
    page.set_viewport_size({"width": 360, "height": 720})
    page.goto(f"{base}/{view}?{ADDRESSES[view]}")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", [*ADDRESSES, "none"])
def test_axe_finds_nothing_serious(page, base, view, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page.emulate_media(color_scheme=scheme)
    page.goto(f"{base}/{view}?{ADDRESSES.get(view, '')}")
    page.wait_for_load_state("networkidle")
    found = Axe().run(page).response["violations"]
    grave = [
        (one["id"], one["nodes"][0]["html"], one["nodes"][0]["failureSummary"])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert grave == []


def test_hostile_text_runs_nothing_in_the_browser(page, base):
    for address in (f"word?q=en:{SCRIPT}&copies=1", f"lines?a={SCRIPT}", "arms", "corpus"):
        page.goto(f"{base}/{address}")
        page.wait_for_load_state("networkidle")
        assert page.locator("main img").count() == 0


@pytest.mark.parametrize("view", ADDRESSES)
def test_an_offline_page_shows_the_same_without_a_server(page, explorer, tmp_path: Path, view):
    values = dict(pair.split("=") for pair in ADDRESSES[view].split("&") if pair)
    file = tmp_path / f"{view}.html"
    file.write_text(offline_page(explorer, view, values), encoding="utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if not re.match("file:|data:", url)] == []
    assert page.locator("h1").inner_text()
    assert page.locator("a[href^='/']").count() == 0, "no link leads to a server"
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV").first.click()
    assert Path(started.value.path()).read_text(encoding="utf-8").count("\n") > 1
