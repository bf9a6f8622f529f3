"""The people and participants of the participants' tests, a clock that can be set on, a mail server, a roster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.trial.participants.conftest import consented, coordinator, enrolled, psychiatrist, site

if TYPE_CHECKING:  # models load only after Django is set up, which is later than this file
    from tests.trial.safety.smtp import Mailbox
    from trial.safety.models import OnCallShift
    from trial.users.models import Site, User

__all__ = ["consented", "coordinator", "enrolled", "psychiatrist", "site"]

Clock = Callable[[datetime], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stop the clock of the services at a moment; it stands there until set on."""
    from django.utils import timezone

    def stand(at: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: at)

    return stand


@pytest.fixture
def mail(settings: Any) -> Iterator[Mailbox]:
    """A mail server that the site sends through."""
    from tests.trial.safety.smtp import mailbox

    with mailbox(settings) as server:
        yield server


@pytest.fixture
def pi(site: Site) -> User:
    """The PI of the site, with an address."""
    from tests.trial.participants.people import make_user
    from tests.trial.safety.roster_people import with_address

    return with_address(make_user("ida", site, "pi"))


@pytest.fixture
def on_duty(site: Site, psychiatrist: User, pi: User) -> OnCallShift:
    """The psychiatrist on call for a week around now, with the PI behind."""
    from django.utils import timezone

    from tests.trial.safety.roster_people import with_address
    from trial.safety.services import roster

    now = timezone.now()
    return roster.plan_shift(
        pi,
        site=site,
        starts_at=now - timedelta(days=3),
        ends_at=now + timedelta(days=4),
        person=with_address(psychiatrist),
        phone="+1 314 555 0101",
        backup=pi,
        backup_phone="+1 314 555 0102",
    )
