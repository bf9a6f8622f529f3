"""What every page must withstand on the screen: both widths, both themes, keyboards, readers, a strict CSP."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, expect

DESKTOP, PHONE = 1440, 375
HEIGHT = {DESKTOP: 900, PHONE: 812}
GRAVE = ("serious", "critical")
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
LOADING = re.compile("^Loading ")
AXE = Axe()
# Later rows are made as the first ones are; asking of each of them again would take most of the time.
FIRST_ROWS = {
    "exclude": [
        ["tbody tr:nth-child(n+6)"],
        ["tbody:nth-of-type(n+5)"],
        ["li:nth-child(n+12)"],
        ["main .container-xl > .card:nth-of-type(n+8)"],
    ]
}
# Layout follows the width and colours the theme: two of the four looks hold each width and each theme.
READ_IN = ((DESKTOP, "light"), (PHONE, "dark"))
LOOKS = (*READ_IN, (DESKTOP, "dark"), (PHONE, "light"))


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
    for width, theme in LOOKS:
        page.set_viewport_size({"width": width, "height": HEIGHT[width]})
        page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)
        page.evaluate("() => document.getAnimations().forEach(one => one.finish())")
        look = f"{width} {theme}"
        if not page.evaluate(FITS):
            found.append(f"{look}: the page scrolls sideways")
        if (width, theme) not in READ_IN:
            continue
        for violation in AXE.run(page, context=FIRST_ROWS).response["violations"]:
            if violation["impact"] in GRAVE:
                where = "; ".join(node["html"][:160] for node in violation["nodes"][:3])
                found.append(f"{look}: {violation['id']}: {where}")
    return found
