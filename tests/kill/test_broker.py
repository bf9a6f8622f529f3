"""T5: a broker that takes no messages stops no save; what waits is done once it is back."""

from __future__ import annotations

import time

import pytest

from tests.kill.conftest import Start
from tests.kill.harness import WITHIN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
# reliability.md of the plan, T5: a save succeeds in less than two seconds; here with signing in and the form.
SOON = 2.0


def test_an_order_is_kept_while_the_broker_takes_no_messages_and_done_after(gallows: Start) -> None:
    site = gallows()
    # A file in the folder's place refuses messages to everybody, root included.
    broker, aside = site.site.var_dir / "broker", site.site.var_dir / "broker-aside"
    broker.rename(aside)
    broker.touch()
    before = time.monotonic()
    report = site.order()
    took = time.monotonic() - before
    assert site.job(report).state == "queued"
    broker.unlink()
    aside.rename(broker)
    assert site.finish(report).state == "done", f"not within {WITHIN:.0f} s"
    assert site.publications(report) == 1
    assert "could not be sent" in site.site.log
    assert took < 3 * SOON
