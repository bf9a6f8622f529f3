"""What every page must withstand on the screen: both widths, both themes, keyboards, readers, a strict CSP."""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, expect

DESKTOP, PHONE = 1440, 375
HEIGHT = {DESKTOP: 900, PHONE: 812}
GRAVE = ("serious", "critical")
THEMES = ("light", "dark")
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
LOADING = re.compile("^Loading ")
AXE = Axe()
# Colours differ between themes, layout between widths: each look asks only what it can change.
FULL = {"resultTypes": ["violations"]}
COLOURS = {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": ["color-contrast"]}}
LOOKS: tuple[tuple[int, str, dict[str, Any]], ...] = (
    (DESKTOP, "light", FULL),
    (DESKTOP, "dark", COLOURS),
    (PHONE, "dark", FULL),
    (PHONE, "light", COLOURS),
)


class Complaints:
    """What the browser said against the pages of a context: console errors, with CSP violations among them."""

    def __init__(self, page: Page) -> None:
        self.said: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.said.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.said.append(message.text)

    def taken(self) -> list[str]:
        """What was said since the last time, and forget it."""
        said, self.said = self.said, []
        return said


def settle(page: Page) -> None:
    """Wait until every fragment of the page has arrived."""
    expect(page.get_by_text(LOADING)).to_have_count(0)
    expect(page.locator(".htmx-request")).to_have_count(0)


def faults(page: Page) -> list[str]:
    """Everything wrong with the open page in any look: sideways scrolling, and grave findings of axe-core."""
    found: list[str] = []
    for width, theme, options in LOOKS:
        page.set_viewport_size({"width": width, "height": HEIGHT[width]})
        page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)
        page.evaluate("() => document.getAnimations().forEach(one => one.finish())")
        look = f"{width} {theme}"
        if not page.evaluate(FITS):
            found.append(f"{look}: the page scrolls sideways")
        for violation in AXE.run(page, options=options).response["violations"]:
            if violation["impact"] in GRAVE:
                where = "; ".join(node["html"][:160] for node in violation["nodes"][:3])
                found.append(f"{look}: {violation['id']}: {where}")
    return found
