"""The demo's site and its accounts, one for each role."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from trial.permissions import Role
from trial.safety.models import OnCallShift
from trial.safety.services.roster import plan_shift, set_contact
from trial.users import services
from trial.users.backends import DEMO_DOMAIN
from trial.users.delegation import services as delegation
from trial.users.delegation.rules import DELEGATED
from trial.users.models import Site, User

ACTOR = "system:load_cohort"
SITE_CODE = "STL"
WARD_CODE = "PRA"
FIRST_DAY = date(2013, 11, 1)
# The PI first, who delegates to the others.
ACCOUNTS = {
    "pi": ("Robin Investigator", Role.PI),
    "coordinator": ("Casey Coordinator", Role.COORDINATOR),
    "psychiatrist": ("Pat Psychiatrist", Role.PSYCHIATRIST),
    "nurse": ("Noor Nurse", Role.NURSE),
    "imaging": ("Ira Imaging", Role.IMAGING_ANALYST),
    "datamanager": ("Dana Datamanager", Role.DATA_MANAGER),
    "monitor": ("Mika Monitor", Role.MONITOR),
    "admin": ("Alex Administrator", Role.ADMINISTRATOR),
}


def demo_site() -> Site:
    """Return the demo's site, made on first use."""
    found = Site.objects.filter(code=SITE_CODE).first()
    return found or services.add_site(
        ACTOR, code=SITE_CODE, name="Demo site", timezone="America/Chicago", is_practice=True
    )


def practice_ward() -> Site:
    """Return the site whose participants are in the trial today, made on first use."""
    found = Site.objects.filter(code=WARD_CODE).first()
    return found or services.add_site(
        ACTOR, code=WARD_CODE, name="Practice ward", timezone="America/Chicago", is_practice=True
    )


def work_at(ward: Site, people: dict[str, User]) -> None:
    """Give every account its role at the ward as well, delegated by the PI, once."""
    for username, (_, role) in ACCOUNTS.items():
        if not people[username].role_assignments.filter(site=ward).exists():
            given: dict[str, Any] = {"user": people[username], "site": ward, "role": role, "starts_on": FIRST_DAY}
            services.give_role(ACTOR, **given)
            if role in DELEGATED:
                delegation.carry_over(ACTOR, **given, confirmed_by=people["pi"])


def on_call(ward: Site, people: dict[str, User]) -> None:
    """Plan five weeks of the ward's roster around the first load, once; the numbers are set aside for fiction."""
    if OnCallShift.objects.filter(site=ward).exists():
        return
    monday = timezone.now().astimezone(ward.zone).replace(hour=8, minute=0, second=0, microsecond=0)
    monday -= timedelta(days=monday.weekday() + 7)
    turns = [("psychiatrist", "pi"), ("pi", "psychiatrist")]
    phones = {"psychiatrist": "+1 314 555 0101", "pi": "+1 314 555 0102"}
    for week in range(5):
        person, backup = turns[week % 2]
        begins = monday + timedelta(weeks=week)
        plan_shift(
            people["pi"], site=ward, starts_at=begins, ends_at=begins + timedelta(weeks=1),
            person=people[person], phone=phones[person], backup=people[backup], backup_phone=phones[backup],
        )  # fmt: skip
    set_contact(people["pi"], ward, phone="+1 314 555 0199", answers="Night desk of the ward")


def demo_accounts(site: Site) -> dict[str, User]:
    """Return the demo's accounts by user name, made on first use with the demo password."""
    found = {user.username: user for user in User.objects.filter(username__in=ACCOUNTS)}
    for username, (full_name, role) in ACCOUNTS.items():
        if username not in found:
            found[username] = services.add_account(
                ACTOR,
                username=username,
                full_name=full_name,
                email=f"{username}{DEMO_DOMAIN}",
                password=settings.DEMO_PASSWORD,
                site=site,
                roles=[role],
                starts_on=FIRST_DAY,
                delegated_by=found.get("pi"),
            )
    return found
