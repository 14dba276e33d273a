# SPDX-License-Identifier: GPL-3.0-or-later
"""A real browser, Debian's Chromium, for tests of pages that people read."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

MISSING = "Debian's chromium and chromium-driver are not installed"


def is_there() -> bool:
    """Whether the browser and its driver are installed."""
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


@contextmanager
def open_page(path: Path, width: int = 1280, height: int = 1600) -> Iterator[webdriver.Chrome]:
    """The page of a file in a window of that size."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.add_argument("--window-size=%d,%d" % (width, height))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        driver.get(path.resolve().as_uri())
        yield driver
    finally:
        driver.quit()
