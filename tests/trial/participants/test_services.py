"""Enrolment, consent, visits and statuses, against the sequence the protocol demands."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from tests.trial.participants.people import CONSENTED, STARTED, consent, enrol, make_site
from trial import protocol
from trial.audit.models import AuditEntry
from trial.participants import queries, services
from trial.participants.models import Consent, Medication, Participant, Status, Visit
from trial.participants.services import StepRefused
from trial.participants.study_id import is_valid
from trial.records.models import ProtocolVersion
from trial.records.services import KeyReused, ReasonRequired, RecordError, StaleRecord
from trial.safety.models import Deviation
from trial.users.models import Site, User

NORMAL: dict[str, Any] = {"blood_count": "normal", "chemistry": "normal", "liver": "normal", "thyroid": "normal"}


def kinds() -> list[str]:
    return sorted(Deviation.objects.values_list("kind", flat=True))


def test_study_ids_run_within_a_site(site: Site, coordinator: User) -> None:
    other = make_site("L")
    ids = [enrol(coordinator, where).study_id for where in (site, site, other)]
    assert [one[:6] for one in ids] == ["K-0001", "K-0002", "L-0001"]
    assert all(is_valid(one) for one in ids)


def test_the_same_enrolment_form_twice_is_one_participant(site: Site, coordinator: User) -> None:
    form: dict[str, Any] = {
        "site": site,
        "cohort": "patient",
        "referral": "other",
        "enrolled_on": date(2026, 3, 1),
        "key": uuid.uuid4(),
    }
    assert services.enrol(coordinator, **form) == services.enrol(coordinator, **form)
    assert Participant.objects.count() == 1
    with pytest.raises(KeyReused):
        services.enrol(coordinator, **{**form, "referral": "registry"})


def test_an_unknown_cohort_is_refused(site: Site, coordinator: User) -> None:
    with pytest.raises(ValidationError):
        enrol(coordinator, site, cohort="sibling")
    assert not Participant.objects.exists()


def test_consent_binds_the_protocol_and_makes_every_visit_of_the_cohort(consented: Participant) -> None:
    plan = protocol.for_version(protocol.FIRST)
    expected = {code for code, visit in plan.visits.items() if visit.population == "patient"}
    assert {visit.code for visit in queries.visits_of(consented)} == expected
    assert ProtocolVersion.objects.get().sha256 == protocol.sha256(protocol.FIRST)
    assert consented.protocol_version == protocol.FIRST
    assert AuditEntry.objects.filter(reason="visits made from the protocol").count() == len(expected)


def test_a_control_gets_the_controls_visits(site: Site, coordinator: User) -> None:
    control = consent(coordinator, enrol(coordinator, site, "control"))
    assert [visit.code for visit in queries.visits_of(control)] == ["control_1", "control_2"]


def test_at_consent_only_windows_with_a_known_anchor_are_set(consented: Participant) -> None:
    # Screening: from the day of consent at the site (UTC-6 in March before the change of clocks) for 21 days.
    screening = queries.get_visit(consented, "screening")
    assert screening.opens_at == datetime(2026, 3, 2, 6, tzinfo=UTC)
    assert screening.closes_at == datetime(2026, 3, 24, 5, tzinfo=UTC)
    assert queries.get_visit(consented, "week_2").due_at is None


def test_renewed_consent_keeps_protocol_and_visits(consented: Participant, coordinator: User) -> None:
    before = list(consented.visits.values_list("pk", flat=True))
    renewed = services.sign_consent(
        coordinator,
        consented,
        occurred_at=CONSENTED + timedelta(days=3),
        form_version="2026-02",
        contact=False,
    )
    assert renewed.is_reconsent
    assert list(consented.visits.values_list("pk", flat=True)) == before
    assert queries.consented_at(consented) == CONSENTED
    contact = queries.current_status(consented, "contact")
    assert contact is not None
    assert contact.value == "refused"


def test_the_same_consent_form_twice_is_one_consent(enrolled: Participant, coordinator: User) -> None:
    form: dict[str, Any] = {"occurred_at": CONSENTED, "form_version": "2026-01", "key": uuid.uuid4()}
    first = services.sign_consent(coordinator, enrolled, **form)
    assert services.sign_consent(coordinator, enrolled, **form) == first
    assert Consent.objects.count() == 1
    assert Status.objects.count() == 3


def test_a_screening_record_before_consent_is_kept_with_a_deviation(consented: Participant, coordinator: User) -> None:
    early = CONSENTED - timedelta(minutes=1)
    record = services.record_screening(coordinator, consented, slug="laboratory", occurred_at=early, **NORMAL)
    found = Deviation.objects.get()
    assert (found.kind, found.is_important, found.source_id) == ("consent", True, record.pk)
    assert found.occurred_at == early


def test_a_screening_record_at_the_consent_is_no_deviation(consented: Participant, coordinator: User) -> None:
    services.record_screening(coordinator, consented, slug="laboratory", occurred_at=CONSENTED, **NORMAL)
    assert kinds() == []


def test_correcting_a_record_to_before_consent_raises_the_deviation(consented: Participant, coordinator: User) -> None:
    record = services.record_screening(coordinator, consented, slug="laboratory", occurred_at=CONSENTED, **NORMAL)
    early = CONSENTED - timedelta(days=1)
    with pytest.raises(ReasonRequired):
        services.correct_screening(coordinator, record, version=1, reason=" ", occurred_at=early)
    services.correct_screening(coordinator, record, version=1, reason="wrong day", occurred_at=early)
    assert kinds() == ["consent"]


def test_a_dose_of_a_medicine_is_a_row_of_its_own(consented: Participant, coordinator: User) -> None:
    taken = services.record_screening(
        coordinator, consented, slug="medication", occurred_at=CONSENTED, drug="sertraline", drug_class="ssri"
    )
    assert isinstance(taken, Medication)
    for dose, day in ((100, date(2025, 12, 1)), (150, date(2026, 1, 5))):
        services.record_dose(coordinator, taken, daily_dose_mg=dose, from_date=day, occurred_at=CONSENTED)  # type: ignore[arg-type]
    assert taken.doses.count() == 2


@pytest.mark.parametrize("step", ["screening", "eligibility", "infusion"])
def test_orders_are_refused_before_consent(enrolled: Participant, step: Any) -> None:
    with pytest.raises(StepRefused, match="consent"):
        services.require_step(enrolled, step)


def test_the_infusion_is_refused_before_the_decision(consented: Participant) -> None:
    services.require_step(consented, "eligibility")
    with pytest.raises(StepRefused, match="Eligibility is not decided"):
        services.require_step(consented, "infusion")


def test_planning_before_consent_is_refused(enrolled: Participant, coordinator: User) -> None:
    with pytest.raises(StepRefused):
        services.plan_infusion(coordinator, enrolled, on=date(2026, 3, 16), version=enrolled.version)


def test_a_plan_gives_provisional_windows(consented: Participant, coordinator: User) -> None:
    services.plan_infusion(coordinator, consented, on=date(2026, 3, 16), version=consented.version)
    window = queries.windows_of(consented)["week_2"]
    assert window is not None
    assert window.provisional
    # 10:00 on 16 March plus 96 h is 20 March; two weeks later is 3 April, midnight at the site (UTC-5).
    assert queries.get_visit(consented, "week_2").due_at == datetime(2026, 4, 3, 5, tzinfo=UTC)


def test_a_plan_on_a_stale_page_is_refused(consented: Participant, coordinator: User) -> None:
    stale = consented.version
    services.plan_infusion(coordinator, consented, on=date(2026, 3, 16), version=stale)
    with pytest.raises(StaleRecord):
        services.plan_infusion(coordinator, consented, on=date(2026, 3, 17), version=stale)


def test_an_infusion_without_eligibility_is_recorded_with_a_deviation(
    consented: Participant, psychiatrist: User
) -> None:
    services.infusion_began(psychiatrist, consented, STARTED)
    found = Deviation.objects.get()
    assert (found.kind, found.is_important) == ("eligibility", True)
    assert queries.anchors_of(consented).infusion_start == STARTED


def test_an_infusion_without_consent_is_recorded_with_a_deviation(enrolled: Participant, psychiatrist: User) -> None:
    services.infusion_began(psychiatrist, enrolled, STARTED)
    assert kinds() == ["consent", "eligibility"]


def test_stopping_the_infusion_keeps_every_visit_due(consented: Participant, psychiatrist: User) -> None:
    services.infusion_began(psychiatrist, consented, STARTED)
    stopped = STARTED + timedelta(hours=30)
    services.infusion_ended(psychiatrist, consented, stopped, completed=False, reason="nausea")
    visits = queries.visits_of(consented)
    assert {visit.state for visit in visits} == {Visit.State.PLANNED}
    assert all(visit.due_at is not None for visit in visits)
    assert queries.get_visit(consented, "day_6").due_at == stopped + timedelta(hours=24)
    values = {axis: status.value for axis, status in queries.current_statuses(consented).items()}
    assert (values["infusion"], values["follow_up"], values["enrolment"]) == (
        "stopped_early",
        "active",
        "screening",
    )


def test_stopping_early_needs_a_reason(consented: Participant, psychiatrist: User) -> None:
    services.infusion_began(psychiatrist, consented, STARTED)
    with pytest.raises(RecordError, match="needs a reason"):
        services.infusion_ended(psychiatrist, consented, STARTED, completed=False, reason="")


def test_a_corrected_start_moves_the_windows(consented: Participant, psychiatrist: User) -> None:
    services.infusion_began(psychiatrist, consented, STARTED)
    services.infusion_began(psychiatrist, consented, STARTED + timedelta(days=1))
    assert Status.objects.filter(axis="infusion").count() == 1
    assert queries.get_visit(consented, "admission").due_at == STARTED + timedelta(hours=22)


def test_a_visit_in_its_window_is_done_without_deviation(consented: Participant, coordinator: User) -> None:
    visit = queries.get_visit(consented, "screening")
    services.record_visit(coordinator, visit, occurred_at=CONSENTED)
    visit.refresh_from_db()
    assert (visit.state, visit.done_at, visit.version) == ("done", CONSENTED, 2)
    assert kinds() == []


def test_a_visit_outside_its_window_is_done_with_one_deviation(consented: Participant, coordinator: User) -> None:
    visit = queries.get_visit(consented, "screening")
    late = CONSENTED + timedelta(days=22)
    services.record_visit(coordinator, visit, occurred_at=late, is_complete=False)
    services.record_visit(coordinator, visit, occurred_at=late)
    assert kinds() == ["window"]
    assert Deviation.objects.get().visit == visit


def test_a_visit_not_yet_complete_stays_open(consented: Participant, coordinator: User) -> None:
    visit = services.record_visit(
        coordinator, queries.get_visit(consented, "screening"), occurred_at=CONSENTED, is_complete=False
    )
    visit.refresh_from_db()
    assert visit.state == "planned"


def test_a_visit_before_consent_is_a_consent_deviation(consented: Participant, coordinator: User) -> None:
    visit = queries.get_visit(consented, "screening")
    services.record_visit(coordinator, visit, occurred_at=CONSENTED - timedelta(minutes=5))
    assert kinds() == ["consent"]


def test_a_visit_done_early_is_reported_once_the_infusion_shows_it(consented: Participant, psychiatrist: User) -> None:
    baseline = queries.get_visit(consented, "baseline")
    services.record_visit(psychiatrist, baseline, occurred_at=STARTED - timedelta(days=10))
    assert kinds() == []
    services.infusion_began(psychiatrist, consented, STARTED)
    assert kinds() == ["eligibility", "window"]


def test_visits_out_of_order_are_reported(consented: Participant, coordinator: User) -> None:
    services.record_visit(coordinator, queries.get_visit(consented, "baseline"), occurred_at=CONSENTED)
    later = CONSENTED + timedelta(days=2)
    services.record_visit(coordinator, queries.get_visit(consented, "screening"), occurred_at=later)
    assert kinds() == ["order"]


def test_a_missed_visit_needs_a_reason_and_is_a_deviation(consented: Participant, coordinator: User) -> None:
    visit = queries.get_visit(consented, "screening")
    with pytest.raises(RecordError, match="Say why"):
        services.miss_visit(coordinator, visit, reason=" ")
    services.miss_visit(coordinator, visit, reason="ill")
    visit.refresh_from_db()
    assert (visit.state, visit.missed_reason) == ("missed", "ill")
    assert kinds() == ["missed"]


def test_a_visit_held_a_moment_ago_is_neither_missed_nor_held_anew(consented: Participant, coordinator: User) -> None:
    stale, other = (queries.get_visit(consented, "screening") for _ in range(2))
    held = services.record_visit(coordinator, queries.get_visit(consented, "screening"), occurred_at=CONSENTED)
    with pytest.raises(RecordError, match="cannot be missed"):
        services.miss_visit(coordinator, stale, reason="ill")
    services.record_visit(coordinator, other, occurred_at=CONSENTED + timedelta(hours=1))
    assert (other.state, other.done_at, other.version) == ("done", held.done_at, held.version)
    assert queries.get_visit(consented, "screening").done_at == CONSENTED


def test_a_missed_visit_can_turn_out_held_but_not_the_reverse(consented: Participant, coordinator: User) -> None:
    visit = services.miss_visit(coordinator, queries.get_visit(consented, "screening"), reason="ill")
    services.record_visit(coordinator, visit, occurred_at=CONSENTED)
    with pytest.raises(RecordError, match="recorded as done"):
        services.miss_visit(coordinator, visit, reason="ill")


def test_the_time_of_a_visit_is_corrected_with_a_reason(consented: Participant, coordinator: User) -> None:
    visit = queries.get_visit(consented, "screening")
    with pytest.raises(RecordError, match="not recorded as done"):
        services.correct_visit(coordinator, visit, version=visit.version, reason="typo", done_at=CONSENTED)
    services.record_visit(coordinator, visit, occurred_at=CONSENTED)
    late = CONSENTED + timedelta(days=30)
    services.correct_visit(coordinator, visit, version=visit.version, reason="typo", done_at=late)
    visit.refresh_from_db()
    assert visit.done_at == late
    assert kinds() == ["window"]


def test_statuses_stand_beside_each_other(consented: Participant, coordinator: User) -> None:
    services.set_status(
        coordinator, consented, axis="follow_up", value="lost", occurred_at=CONSENTED, reason="no answer"
    )
    values = {axis: status.value for axis, status in queries.current_statuses(consented).items()}
    assert values == {"contact": "granted", "data": "granted", "enrolment": "screening", "follow_up": "lost"}


def test_a_patient_is_not_enrolled_past_the_decision(consented: Participant, coordinator: User) -> None:
    with pytest.raises(StepRefused, match="decision of eligibility"):
        services.set_status(coordinator, consented, axis="enrolment", value="enrolled", occurred_at=CONSENTED)


def test_nothing_more_is_ordered_after_withdrawal(consented: Participant, coordinator: User) -> None:
    services.set_status(
        coordinator, consented, axis="enrolment", value="withdrew", occurred_at=CONSENTED, reason="no time"
    )
    with pytest.raises(StepRefused, match="withdrew"):
        services.require_step(consented, "eligibility")


def test_writing_stays_cheap(
    consented: Participant, coordinator: User, psychiatrist: User, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(12):
        services.record_screening(coordinator, consented, slug="laboratory", occurred_at=CONSENTED, **NORMAL)
    services.infusion_began(psychiatrist, consented, STARTED)
    services.infusion_ended(psychiatrist, consented, STARTED + timedelta(hours=96), completed=True, reason="")
    visit = queries.get_visit(consented, "week_2")
    assert visit.due_at is not None
    with django_assert_max_num_queries(12):
        services.record_visit(coordinator, visit, occurred_at=visit.due_at)
