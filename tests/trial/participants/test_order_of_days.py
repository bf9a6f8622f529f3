"""First contact, consent, permissions and the planned infusion follow each other (ICH E6(R3), 2.8: consent first)."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.trial.participants.people import CONSENTED, enrol, make_site
from tests.trial.users.staff import delegated
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.participants import services
from trial.participants.models import Consent, Participant, Status
from trial.participants.services import StepRefused
from trial.records.services import RecordError
from trial.users.models import RoleAssignment, Site, User

PLAN = date(2026, 3, 16)


def post(client: Client, name: str, participant: Participant, **given: Any) -> Any:
    url = reverse(f"participants:{name}", args=[participant.study_id])
    return client.post(url, {"key": str(uuid.uuid4()), **given})


@pytest.fixture
def desk(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


def test_a_first_contact_long_before_the_treatment_was_known_is_refused(site: Site, coordinator: User) -> None:
    with pytest.raises(RecordError, match="cannot lie before 2010-01-01; check the year"):
        services.enrol(coordinator, site=site, cohort="patient", referral="other", enrolled_on=date(1926, 1, 1))
    assert not Participant.objects.exists()


@pytest.mark.parametrize(("day", "status"), [("2026-11-25", 302), ("2026-11-26", 422)])
def test_a_first_contact_in_the_evening_has_the_day_of_the_site(
    client: Client, site: Site, coordinator: User, monkeypatch: pytest.MonkeyPatch, day: str, status: int
) -> None:
    evening = datetime(2026, 11, 26, 0, 30, tzinfo=UTC)  # 18:30 the day before in Chicago
    monkeypatch.setattr(timezone, "now", lambda: evening)
    client.force_login(coordinator)
    assert 'value="2026-11-25"' in client.get(reverse("participants:enrol")).content.decode()
    given = {"site": site.pk, "cohort": "patient", "referral": "other", "enrolled_on": day, "key": str(uuid.uuid4())}
    assert client.post(reverse("participants:enrol"), given).status_code == status
    assert [one.enrolled_on.isoformat() for one in Participant.objects.all()] == [day] * (status == 302)


def test_in_the_evening_today_is_the_day_of_the_site(
    client: Client, coordinator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 11, 26, 0, 30, tzinfo=UTC))  # 18:30 in Chicago
    client.force_login(coordinator)
    page = client.get(reverse("participants:today")).content.decode()
    assert '<p class="text-secondary mb-0">2026-11-25</p>' in page


def test_a_consent_before_the_first_contact_is_refused(enrolled: Participant, coordinator: User) -> None:
    early = CONSENTED - timedelta(days=2)
    with pytest.raises(RecordError, match="first contact was 2026-03-01, and the consent is dated before it"):
        services.sign_consent(coordinator, enrolled, occurred_at=early, form_version="1")
    assert not Consent.objects.exists()


def test_a_first_contact_is_corrected_with_a_reason_and_never_to_after_the_consent(
    desk: Client, consented: Participant
) -> None:
    given = {"version": consented.version, "reason": "telephone note found"}
    refused = post(desk, "contact", consented, enrolled_on="2026-03-03", **given)
    assert "The consent was signed 2026-03-02" in refused.content.decode()
    assert (
        "This field is required"
        in post(desk, "contact", consented, enrolled_on="2026-02-20", version=1).content.decode()
    )
    assert post(desk, "contact", consented, enrolled_on="2026-02-20", **given).status_code == 302
    consented.refresh_from_db()
    assert consented.enrolled_on == date(2026, 2, 20)


@pytest.mark.parametrize(
    ("on", "words"),
    [(date(2026, 3, 1), "no infusion is planned before it"), (date(2036, 3, 16), "more than two years after")],
)
def test_a_plan_before_consent_or_years_after_it_is_refused(
    consented: Participant, coordinator: User, on: date, words: str
) -> None:
    with pytest.raises(StepRefused, match=words):
        services.plan_infusion(coordinator, consented, on=on, version=consented.version)


def test_a_renewed_consent_lets_a_late_plan_stand(consented: Participant, coordinator: User) -> None:
    late = date(2028, 6, 1)
    with pytest.raises(StepRefused, match="record the renewed consent"):
        services.plan_infusion(coordinator, consented, on=late, version=consented.version)
    services.sign_consent(coordinator, consented, occurred_at=CONSENTED + timedelta(days=200), form_version="2")
    services.plan_infusion(coordinator, consented, on=late, version=consented.version)
    assert consented.planned_infusion_on == late


def test_an_empty_plan_is_no_plan_and_writes_nothing(desk: Client, consented: Participant) -> None:
    before = AuditEntry.objects.count()
    answer = post(desk, "plan", consented, planned_infusion_on="", version=consented.version)
    assert "Enter the day." in answer.content.decode()
    assert "take_back" not in answer.content.decode()
    assert AuditEntry.objects.count() == before


def test_a_plan_is_taken_back_only_expressly(desk: Client, consented: Participant, coordinator: User) -> None:
    services.plan_infusion(coordinator, consented, on=PLAN, version=consented.version)
    given = {"version": consented.version}
    emptied = post(desk, "plan", consented, planned_infusion_on="", **given)
    assert "or tick that the plan is taken back" in emptied.content.decode()
    assert post(desk, "plan", consented, planned_infusion_on="2026-03-16", take_back="on", **given).status_code == 302
    consented.refresh_from_db()
    assert consented.planned_infusion_on is None
    assert AuditEntry.objects.filter(reason="plan of the infusion taken back").exists()


def test_the_same_plan_again_writes_nothing(consented: Participant, coordinator: User) -> None:
    services.plan_infusion(coordinator, consented, on=PLAN, version=consented.version)
    before = AuditEntry.objects.count()
    services.plan_infusion(coordinator, consented, on=PLAN, version=consented.version)
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("axis", ["contact", "data"])
def test_no_permission_is_granted_without_a_consent(enrolled: Participant, coordinator: User, axis: str) -> None:
    given: dict[str, Any] = {"axis": axis, "occurred_at": CONSENTED}
    with pytest.raises(StepRefused, match=r"No consent is recorded\. A permission is granted by a signed consent"):
        services.set_status(coordinator, enrolled, value="granted", **given)
    services.set_status(coordinator, enrolled, value="refused", **given)
    assert Status.objects.get().value == "refused"


def test_no_permission_is_granted_before_the_consent(consented: Participant, coordinator: User) -> None:
    early = CONSENTED - timedelta(hours=1)
    with pytest.raises(StepRefused, match="The consent was signed 2026-03-02 09:00; no permission"):
        services.set_status(coordinator, consented, axis="data", value="granted", occurred_at=early)


def test_a_control_is_not_enrolled_without_consent(site: Site, coordinator: User) -> None:
    control = enrol(coordinator, site, "control")
    with pytest.raises(StepRefused, match="No consent is recorded"):
        services.set_status(coordinator, control, axis="enrolment", value="enrolled", occurred_at=CONSENTED)


def test_every_status_says_of_what_it_is_and_none_is_chosen_beforehand(desk: Client, consented: Participant) -> None:
    page = desk.get(reverse("participants:status", args=[consented.study_id])).content.decode()
    assert '<option value="" selected>choose …</option>' in page
    for value, words in (
        ("data:granted", "permission to use data: granted"),
        ("contact:refused", "permission to contact: refused"),
        ("enrolment:withdrew", "enrolment: withdrew consent"),
        ("follow_up:withdrew", "follow-up: withdrew consent"),
    ):
        assert f'<option value="{value}">{words}</option>' in page


def test_no_box_of_the_consent_is_ticked_beforehand(desk: Client, enrolled: Participant) -> None:
    page = desk.get(reverse("participants:consent", args=[enrolled.study_id])).content.decode()
    assert page.count('type="checkbox"') == 3
    assert "checked" not in page


def test_what_was_left_unticked_is_named_when_the_consent_is_saved(desk: Client, enrolled: Participant) -> None:
    url = reverse("participants:consent", args=[enrolled.study_id])
    given = {"occurred_at": "2026-03-02T09:00", "form_version": "1", "may_contact": "on", "key": str(uuid.uuid4())}
    page = desk.post(url, given, follow=True).content.decode()
    assert "Not ticked, so recorded as refused: use of the data." in page
    assert "has no copy of the signed form yet" in page


def test_of_a_new_person_only_the_one_possible_site_is_chosen_beforehand(
    desk: Client, site: Site, coordinator: User
) -> None:
    page = desk.get(reverse("participants:enrol")).content.decode()
    assert page.count('<option value="" selected>choose …</option>') == 2
    other = make_site("L")
    with audited("system:tests", "set up"):
        RoleAssignment.objects.create(user=coordinator, site=other, role="coordinator", starts_on=date(2020, 1, 1))
    delegated(coordinator, other, "coordinator")
    desk.force_login(User.objects.get(pk=coordinator.pk))
    page = desk.get(reverse("participants:enrol")).content.decode()
    assert page.count('<option value="" selected>choose …</option>') == 3
