"""A real headless Chromium for tests of pages: `page` is a tab in which nothing is open, stored or remembered."""

import contextlib
import shutil
import subprocess
from pathlib import Path

import pytest

PATIENCE = 30_000  # milliseconds, on a busy machine
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def installed():
    """The path of a Chromium that starts, on PATH or fetched by playwright; "" when there is none."""
    candidates = (*(shutil.which(name) for name in NAMES), fetched())
    return next((path for path in candidates if path and starts(path)), "")


def starts(path):
    """Some systems have a stand-in of that name that only says where to get the real one."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def fetched():
    """The one `playwright install chromium` fetched."""
    from playwright.sync_api import sync_playwright

    with contextlib.suppress(Exception), sync_playwright() as playwright:
        path = playwright.chromium.executable_path
        return path if Path(path).exists() else ""
    return ""


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    path = installed()
    if not path:
        pytest.skip("no Chromium: `make browser` says why")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="module")
def tab(browser):
    """One tab for a module: Chromium starts two processes for another, which take most of the time of a short test."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture
def page(tab):
    """The tab as a new one. What a test listens to, it stops listening to."""
    yield tab
    tab.mouse.move(0, 0)
    tab.evaluate("() => { localStorage.clear(); sessionStorage.clear() }")
    tab.context.clear_cookies()
    tab.goto("about:blank")
