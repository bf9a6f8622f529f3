"""The pages: how things stand, locking with what stands against it, two people unlocking, and 423 on a locked form."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from infusion.models import Infusion
from tests.trial.locks import ward as wards
from tests.trial.locks.ward import Ward
from tests.trial.participants import people
from tests.trial.participants.people import PASSWORD
from trial.audit.context import audited
from trial.locks import queries, services
from trial.locks.middleware import LockedAnswer
from trial.locks.models import LockChange, UnlockRequest
from trial.participants.models import Demographics, Participant, Visit
from trial.safety.models import AdverseEvent, Deviation
from trial.signatures.models import Signature
from trial.signatures.rules import BINDING, SENTENCES
from trial.users.models import User

LOCKED = 423


def desk(person: User) -> Client:
    """The browser of a signed-in person."""
    client = Client()
    client.force_login(person)
    return client


def test_each_of_the_two_people_reads_what_their_signature_says(ward: Ward) -> None:
    wards.lock(ward, "visit")
    address = reverse("locks:unlock_visit", args=[ward.participant.study_id, ward.visit.code])
    asked_page = text(desk(ward.carla).get(address))
    asked = ask_to_unlock(ward, ward.carla)
    allowing = text(desk(ward.dora).get(reverse("locks:request", args=[asked.pk])))
    services.allow_unlock(ward.dora, asked, confirmation=people.confirmed(ward.dora), site=ward.site)
    said = {one.signer_id: SENTENCES[one.meaning] for one in Signature.objects.all()}
    for page, person in ((asked_page, ward.carla), (allowing, ward.dora)):
        assert said[person.pk] in page
        assert BINDING in page


def ask_to_unlock(ward: Ward, person: User) -> UnlockRequest:
    """The visit's unlocking is asked for on its page."""
    address = reverse("locks:unlock_visit", args=[ward.participant.study_id, ward.visit.code])
    given = {"reason": "a page was found", **signature(desk(person), address, person)}
    answer = desk(person).post(address, given)
    assert answer.status_code == 302, answer.content.decode()
    return UnlockRequest.objects.get()


def signature(client: Client, address: str, person: User) -> dict[str, str]:
    """The fields of a signature, as the page at an address offers them."""
    return {"username": person.username, "password": PASSWORD, "key": str(uuid4())}


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_the_panel_says_since_when_and_offers_what_a_role_may_do(ward: Ward) -> None:
    place = [ward.participant.study_id, ward.visit.code]
    address = reverse("locks:visit_panel", args=place)
    assert reverse("locks:lock_visit", args=place) in text(desk(ward.dora).get(address))
    assert reverse("locks:lock_visit", args=place) not in text(desk(ward.carla).get(address))
    change = wards.lock(ward, "visit")
    shown = text(desk(ward.carla).get(address))
    local = change.at.astimezone(ward.site.zone)
    assert f"since {local:%Y-%m-%d %H:%M} by Dora: data reviewed" in shown
    assert reverse("locks:unlock_visit", args=place) in shown
    person = text(desk(ward.dora).get(reverse("locks:panel", args=place[:1])))
    assert "This participant" in person
    assert "This visit" not in person


def test_a_lock_is_taken_on_its_page_with_a_reason(ward: Ward) -> None:
    place = [ward.participant.study_id, ward.visit.code]
    address = reverse("locks:lock_visit", args=place)
    assert "two people" in text(desk(ward.dora).get(address))
    assert desk(ward.dora).post(address, {"reason": ""}).status_code == 422
    answer = desk(ward.dora).post(address, {"reason": "all verified"})
    assert answer.headers["Location"] == reverse("participants:visit", args=place)
    assert queries.get_state("visit", ward.visit.pk).is_locked
    again = desk(ward.dora).post(address, {"reason": "once more"})
    assert again.status_code == 422
    assert "locked already" in text(again)


def test_what_stands_against_a_freeze_is_shown_before_it(ward: Ward) -> None:
    with audited("system:test", "start"):
        running: Any = wards.about(Infusion, ward.participant, ward.visit)
        running.save(force_insert=True)
    wards.alone(ward)
    shown = text(desk(ward.dora).get(reverse("locks:freeze")))
    assert f"The infusion of {ward.participant.study_id} is running" in shown
    assert "Visits neither held nor missed" in shown
    assert "Freeze the trial</button>" not in shown
    assert desk(ward.dora).post(reverse("locks:freeze"), {"reason": "anyway"}).status_code == 422
    assert not LockChange.objects.exists()


def test_who_holds_the_right_at_one_site_alone_freezes_nothing(ward: Ward) -> None:
    people.make_site("L")
    shown = text(desk(ward.dora).get(reverse("locks:freeze")))
    assert "You do not hold this right at L Clinic L" in shown
    refused = desk(ward.dora).post(reverse("locks:freeze"), {"reason": "final"})
    assert "it concerns every site" in text(refused)
    assert queries.freeze_in_force() is None


def test_a_freeze_is_taken_and_lists_what_was_recorded_about_safety_behind_it(ward: Ward) -> None:
    with audited("system:test", "prepare"):
        late = wards.about(AdverseEvent, ward.participant, ward.visit)
    wards.alone(ward)
    assert desk(ward.dora).post(reverse("locks:freeze"), {"reason": "final"}).status_code == 302
    with audited("system:test", "late"):
        late.term, late.site = "late headache", ward.site  # type: ignore[attr-defined]
        late.entered_at = queries.freeze_in_force().at.replace(year=2100)  # type: ignore[union-attr, attr-defined]
        late.save(force_insert=True)
    shown = text(desk(ward.dora).get(reverse("locks:matrix")))
    assert "Recorded after the freeze" in shown
    assert "late headache" in shown
    assert "ill" not in shown.split("Recorded after the freeze")[1].split("</ul>")[0]


def test_the_matrix_tells_every_visit_of_every_participant(ward: Ward) -> None:
    wards.lock(ward, "visit")
    shown = text(desk(ward.dora).get(reverse("locks:matrix")))
    assert ward.participant.study_id in shown
    assert "1 of 1" in shown
    assert shown.count(": to come") == ward.participant.visits.count() - 1
    control = people.consent(ward.carla, people.enrol(ward.carla, ward.site, cohort="control"))
    services.lock_participant(ward.dora, control, reason="left")
    shown = text(desk(ward.dora).get(reverse("locks:matrix")))
    assert control.study_id in shown
    assert "<td></td>" in shown, "a control has no visits of a patient's treatment"


def test_two_people_unlock_on_their_pages(ward: Ward) -> None:
    wards.lock(ward, "visit")
    request = ask_to_unlock(ward, ward.carla)
    page, allow = reverse("locks:request", args=[request.pk]), reverse("locks:allow", args=[request.pk])
    assert "waits for a second person" in text(desk(ward.carla).get(page))
    assert allow not in text(desk(ward.carla).get(page)), "a coordinator allows nothing"
    assert "To be unlocked" in text(desk(ward.dora).get(reverse("locks:waiting")))
    wrong = desk(ward.dora).post(allow, {**signature(Client(), allow, ward.dora), "password": "not mine"})
    assert wrong.status_code == 422
    assert queries.get_state("visit", ward.visit.pk).is_locked
    answer = desk(ward.dora).post(allow, signature(Client(), allow, ward.dora))
    assert answer.status_code == 302
    assert not queries.get_state("visit", ward.visit.pk).is_locked
    shown = text(desk(ward.carla).get(page))
    assert "allowed" in shown
    assert shown.count("valid") >= 2
    assert "To be unlocked" not in text(desk(ward.dora).get(reverse("locks:waiting")))


def test_who_asked_is_not_offered_to_allow_it_and_is_refused(ward: Ward) -> None:
    wards.lock(ward, "visit")
    request = ask_to_unlock(ward, ward.dora)
    page, allow = reverse("locks:request", args=[request.pk]), reverse("locks:allow", args=[request.pk])
    assert "somebody else has to allow it" in text(desk(ward.dora).get(page))
    refused = desk(ward.dora).post(allow, signature(Client(), allow, ward.dora))
    assert refused.status_code == 422
    assert queries.get_state("visit", ward.visit.pk).is_locked
    assert desk(ward.dora).post(allow, {}).status_code == 422


def test_a_request_is_refused_with_words(ward: Ward) -> None:
    wards.lock(ward, "visit")
    request = ask_to_unlock(ward, ward.carla)
    refuse = reverse("locks:refuse", args=[request.pk])
    assert desk(ward.dora).post(refuse, {"words": ""}).status_code == 422
    assert desk(ward.dora).post(refuse, {"words": "the page is in the file"}).status_code == 302
    assert "the page is in the file" in text(desk(ward.carla).get(reverse("locks:request", args=[request.pk])))
    again = desk(ward.dan).post(refuse, {"words": "twice"})
    assert again.status_code == 422


def test_a_request_without_reason_signature_or_lock_is_refused(ward: Ward) -> None:
    address = reverse("locks:lift")
    assert "Sign and ask" not in text(desk(ward.dora).get(address))
    given = {"reason": "open", **signature(Client(), address, ward.dora)}
    assert desk(ward.dora).post(address, given).status_code == 422
    wards.lock(ward, "trial")
    assert "Sign and ask" in text(desk(ward.dora).get(address))
    assert desk(ward.dora).post(address, {**given, "reason": ""}).status_code == 422
    assert desk(ward.dora).post(address, given).status_code == 302
    assert desk(ward.dan).get(reverse("locks:request", args=[UnlockRequest.objects.get().pk])).status_code == 200


@pytest.mark.parametrize("kind", ["participant", "trial"])
def test_a_form_that_was_open_when_the_lock_came_is_answered_423_with_its_text(ward: Ward, kind: str) -> None:
    address = reverse("participants:screening", args=[ward.participant.study_id, "demographics"])
    given = {
        "key": "6b2b8bd6-0b6c-4a9c-8a5e-1f3c1d6a2f10",
        "occurred_at": "2026-03-02T10:00",
        "age_years": "47",
        "sex": "female",
        "race": "asian",
        "ethnicity": "unknown",
        "education_years": "13",
    }
    wards.lock(ward, kind)
    answer = desk(ward.carla).post(address, given)
    assert answer.status_code == LOCKED, text(answer)
    shown = text(answer)
    assert "by Dora" in shown
    assert 'value="47"' in shown
    assert not Demographics.objects.exists()
    page = text(desk(ward.carla).get(address))
    assert "This cannot be saved now." in page
    assert ">Save</button>" not in page


def test_the_page_of_a_locked_visit_says_so_and_offers_no_save(ward: Ward) -> None:
    address = reverse("participants:visit", args=[ward.participant.study_id, ward.visit.code])
    assert "Mark as done" in text(desk(ward.carla).get(address))
    wards.lock(ward, "visit")
    page = text(desk(ward.carla).get(address))
    assert "This cannot be saved now." in page
    assert "Mark as done" not in page
    held = reverse("participants:held", args=[ward.participant.study_id, ward.visit.code])
    answer = desk(ward.carla).post(
        held,
        {
            "key": "6b2b8bd6-0b6c-4a9c-8a5e-1f3c1d6a2f11",
            "occurred_at": "2026-03-02T10:00",
            "version": str(Visit.objects.get(pk=ward.visit.pk).version),
        },
    )
    assert answer.status_code == LOCKED
    assert Visit.objects.get(pk=ward.visit.pk).state == Visit.State.MISSED


def test_safety_forms_stay_open_behind_every_lock(ward: Ward) -> None:
    for kind in ("visit", "participant", "trial"):
        wards.lock(ward, kind)
    address = reverse("safety:deviation", args=[ward.participant.study_id])
    page = text(desk(ward.carla).get(address))
    assert "This cannot be saved now." not in page
    assert 'type="submit"' in page
    assert Deviation.objects.exists()


def test_a_refusal_that_no_view_shows_is_a_page_of_its_own(ward: Ward, rf: Any) -> None:
    wards.lock(ward, "visit")
    middleware = LockedAnswer(lambda _: None)  # type: ignore[arg-type, return-value]
    request = rf.get("/")
    request.user = ward.carla
    from trial.locks.refusals import RecordLocked

    answer = middleware.process_exception(request, RecordLocked("visit", str(ward.visit.pk)))
    assert answer is not None
    assert answer.status_code == LOCKED
    assert "by Dora" in text(answer)
    assert middleware.process_exception(request, ValueError("other")) is None


def test_only_what_was_refused_in_this_request_is_answered_423(ward: Ward) -> None:
    wards.lock(ward, "participant")
    client = desk(ward.carla)
    address = reverse("participants:plan", args=[ward.participant.study_id])
    given = {
        "key": str(uuid4()),
        "version": ward.participant.version,
        "planned_infusion_on": date(2026, 3, 16).isoformat(),
    }
    assert client.post(address, given).status_code == LOCKED
    assert client.get(address).status_code == 200
    assert Participant.objects.get(pk=ward.participant.pk).planned_infusion_on is None
