"""The pages of contact details: who sees them, what breaking the glass does, what never reaches a page."""

from __future__ import annotations

import uuid
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.trial.records import clinic
from tests.trial.users.clock import freeze
from trial.audit.context import audited
from trial.contacts import queries, services
from trial.contacts.details import Details
from trial.contacts.models import BreakGlass, Contact
from trial.participants.models import Participant
from trial.permissions import Role
from trial.records.drafts import DRAFTED, NoDraft, identity
from trial.users.models import Site, User

pytestmark = pytest.mark.django_db
NUMBER = "314 555 0100"
ANA = Details(full_name="Ana Núñez", phone=NUMBER, emergency_name="Bo", emergency_phone="314 555 0111")


@pytest.fixture
def site() -> Site:
    return clinic.make_site()


@pytest.fixture
def coordinator(site: Site) -> User:
    return clinic.make_person(site, Role.COORDINATOR)


@pytest.fixture
def participant(coordinator: User, site: Site) -> Participant:
    return clinic.make_participant(coordinator, site)


@pytest.fixture
def known(coordinator: User, participant: Participant) -> Contact:
    return services.record_contact(coordinator, participant, ANA)


def as_role(site: Site, role: Role) -> Client:
    client = Client()
    client.force_login(clinic.make_person(site, role, username=f"some-{role}"))
    return client


def address(name: str, participant: Participant) -> str:
    return reverse(f"contacts:{name}", args=[participant.study_id])


def typed(**changes: Any) -> dict[str, Any]:
    empty = dict.fromkeys(Details.__dataclass_fields__, "")
    return {**empty, "key": str(uuid.uuid4()), **changes}


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.PSYCHIATRIST, Role.PI])
def test_the_roles_that_call_see_the_numbers(site: Site, participant: Participant, known: Contact, role: Role) -> None:
    answer = as_role(site, role).get(address("contact", participant))
    assert NUMBER in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("role", [Role.MONITOR, Role.DATA_MANAGER, Role.IMAGING_ANALYST, Role.ADMINISTRATOR])
def test_the_others_do_not(site: Site, participant: Participant, known: Contact, role: Role) -> None:
    client = as_role(site, role)
    for name in ("contact", "edit", "break_glass", "erase"):
        assert client.get(address(name, participant)).status_code == 403


def test_a_nurse_breaks_the_glass_and_sees_the_numbers_for_an_hour(
    site: Site, participant: Participant, known: Contact
) -> None:
    client = as_role(site, Role.NURSE)
    page = address("contact", participant)
    assert client.get(page).headers["Location"] == address("break_glass", participant)
    blank = client.post(address("break_glass", participant), {"key": str(uuid.uuid4()), "need": " "})
    assert blank.status_code == 422
    sent = {"key": str(uuid.uuid4()), "need": "participant does not wake up"}
    assert client.post(address("break_glass", participant), sent).headers["Location"] == page
    assert NUMBER in client.get(page).content.decode()
    with audited("system:tests", "an hour later"):
        BreakGlass.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert client.get(page).status_code == 302


def test_a_use_is_shown_to_those_who_review_it_until_they_did(
    site: Site, participant: Participant, known: Contact
) -> None:
    nurse = clinic.make_person(site, Role.NURSE)
    access = services.break_glass(nurse, participant, reason="participant does not wake up")
    manager = as_role(site, Role.DATA_MANAGER)
    today = reverse("contacts:open_accesses")
    assert str(nurse) in manager.get(today).content.decode()
    page = reverse("contacts:review", args=[access.pk])
    assert NUMBER not in manager.get(page).content.decode()
    manager.post(page, {"key": str(uuid.uuid4()), "review": "justified"})
    assert str(nurse) not in manager.get(today).content.decode()
    assert "justified" in manager.get(reverse("contacts:accesses")).content.decode()


def test_another_sites_access_is_not_found(site: Site, participant: Participant, known: Contact) -> None:
    access = services.break_glass(
        clinic.make_person(site, Role.NURSE), participant, reason="participant does not wake up"
    )
    stranger = as_role(clinic.make_site("L"), Role.PI)
    assert stranger.get(reverse("contacts:review", args=[access.pk])).status_code == 404


def test_details_are_entered_and_changed_with_a_reason(coordinator: User, participant: Participant) -> None:
    client = Client()
    client.force_login(coordinator)
    assert client.post(address("edit", participant), typed(full_name="Ana", phone=NUMBER)).status_code == 302
    without = client.post(address("edit", participant), typed(full_name="Ana", phone="314 555 0122", version=1))
    assert without.status_code == 422
    assert "314 555 0122" in without.content.decode()
    changed = typed(full_name="Ana", phone="314 555 0122", version=1, reason="new number")
    assert client.post(address("edit", participant), changed).status_code == 302
    assert "314 555 0122" in client.get(address("contact", participant)).content.decode()


@pytest.mark.parametrize("number", ["call the desk", "314 555 0100 ext four", "٣١٤٥٥٥"])
def test_a_number_that_cannot_be_dialled_is_refused(coordinator: User, participant: Participant, number: str) -> None:
    client = Client()
    client.force_login(coordinator)
    answer = client.post(address("edit", participant), typed(phone=number))
    assert answer.status_code == 422
    assert "Write the number in digits" in answer.content.decode()


def test_a_caller_is_found_by_number_without_the_number_in_an_address(
    coordinator: User, participant: Participant, known: Contact
) -> None:
    client = Client()
    client.force_login(coordinator)
    answer = client.post(reverse("contacts:search"), {"asked": "+1 " + NUMBER})
    assert participant.study_id in answer.content.decode()
    assert participant.study_id not in client.get(reverse("contacts:search"), {"asked": NUMBER}).content.decode()


def test_erasure_asks_for_the_study_id_and_cannot_be_taken_back(
    site: Site, participant: Participant, known: Contact
) -> None:
    client = as_role(site, Role.PI)
    sent = {"key": str(uuid.uuid4()), "version": known.version, "reason": "asked for", "study_id": "K-0009-9"}
    assert client.post(address("erase", participant), sent).status_code == 422
    assert client.post(address("erase", participant), {**sent, "study_id": participant.study_id}).status_code == 302
    page = client.get(address("contact", participant)).content.decode()
    assert "their key is destroyed" in page
    assert NUMBER not in page
    assert client.get(address("erase", participant)).status_code == 404


def test_what_came_too_late_is_not_held_and_no_draft_is_kept(
    coordinator: User, participant: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contact details are nowhere but in their own place, where they can be erased."""
    clock, client = freeze(monkeypatch), Client()
    here = reverse("contacts:edit", args=[participant.study_id])
    for address, is_held in ((here, False), ("/participants/new/", True)):
        client.force_login(coordinator)
        client.get("/")
        clock.pass_by(settings.SESSION_IDLE_SECONDS)
        assert client.post(address, {"phone": NUMBER, "note": "called"}).status_code == 302
        assert ("held_form" in client.session) is is_held
    for name in ("contact", "edit", "break_glass", "erase"):
        with pytest.raises(NoDraft, match="keeps no draft"):
            identity(reverse(f"contacts:{name}", args=[participant.study_id]))
    assert not [name for name in DRAFTED if name.startswith("contacts:")]


def opened(client: Client, participant: Participant) -> dict[str, Any]:
    """What the page's form holds when it is opened, as a browser would send it."""
    form = client.get(address("edit", participant)).context["form"]
    return {bound.html_name: "" if (value := bound.value()) is None else str(value) for bound in form}


def test_a_save_that_comes_too_late_is_laid_beside_what_the_other_saved(
    site: Site, coordinator: User, participant: Participant, known: Contact
) -> None:
    client = as_role(site, Role.COORDINATOR)
    page = opened(client, participant)
    theirs = Details(**{**ANA.__dict__, "phone": "314 555 0122", "address": "1 New Street"})
    services.correct_contact(coordinator, known, theirs, version=known.version, reason="has moved")
    mine = {**page, "phone": "314 555 0133", "emergency_name": "Cy", "reason": "called back"}
    late = client.post(address("edit", participant), mine)
    shown = late.content.decode()
    assert late.status_code == 409
    sides = {one.name: (one.opened.words, one.saved.words, one.typed.words, one.side)
             for one in late.context["form"].conflict.differences}  # fmt: skip
    assert sides == {
        "phone": (NUMBER, "314 555 0122", "314 555 0133", ""),
        "address": ("none", "1 New Street", "none", "theirs"),
        "emergency_name": ("Bo", "Bo", "Cy", "mine"),
    }
    assert coordinator.full_name in shown
    assert "has moved" in shown
    again = {bound.html_name: str(bound.value() or "") for bound in late.context["form"]} | {"reason": "called back"}
    again |= {"conflict.base": late.context["form"].conflict.base}
    again |= {f"conflict.typed.{name}": typed for name, (_, _, typed, _) in sides.items()}
    again |= {f"conflict.side.{name}": side for name, (*_, side) in sides.items() if side}
    undecided = client.post(address("edit", participant), again)
    assert undecided.status_code == 422, "both changed the number, and nothing is chosen"
    done = client.post(address("edit", participant), again | {"conflict.side.phone": "mine"})
    assert done.status_code == 302, done.content.decode()
    kept = queries.details_of(Contact.objects.get())
    assert (kept.phone, kept.address, kept.emergency_name) == ("314 555 0133", "1 New Street", "Cy")


def test_a_first_entry_beside_anothers_is_compared_with_it(
    site: Site, coordinator: User, participant: Participant
) -> None:
    client = as_role(site, Role.COORDINATOR)
    page = opened(client, participant)
    services.record_contact(coordinator, participant, ANA)
    late = client.post(address("edit", participant), {**page, "full_name": "Ana Nunez"})
    assert late.status_code == 409
    assert NUMBER in late.content.decode()
    assert "Ana Nunez" in late.content.decode()


@pytest.mark.parametrize("state", ["", "1", "1.", "1.!!", "1.AAAA", "x.y"])
def test_a_forged_state_opens_nothing_and_the_conflict_still_shows(
    site: Site, coordinator: User, participant: Participant, known: Contact, state: str
) -> None:
    client = as_role(site, Role.COORDINATOR)
    page = opened(client, participant)
    services.correct_contact(coordinator, known, Details(full_name="Ana"), version=known.version, reason="has moved")
    late = client.post(address("edit", participant), {**page, "opened": state, "phone": "1", "reason": "x"})
    assert late.status_code == 409


def test_what_the_form_carries_of_its_opening_is_not_readable(
    site: Site, participant: Participant, known: Contact
) -> None:
    carried = urlsafe_b64decode(opened(as_role(site, Role.COORDINATOR), participant)["opened"].partition(".")[2])
    assert bytes(known.sealed or b"") == carried
    assert b"Ana" not in carried
