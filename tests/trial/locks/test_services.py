"""Who locks says why; who unlocks are two, each with a signature; what stands against a lock is said."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from infusion.models import Infusion
from tests.trial.locks import ward as wards
from tests.trial.locks.ward import Ward
from tests.trial.participants import people
from tests.trial.participants.people import STARTED, confirmed
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.locks import queries, services
from trial.locks.models import LockChange, UnlockDecision, UnlockRequest
from trial.locks.preview import preview_of
from trial.locks.refusals import UNKNOWN, RecordLocked
from trial.locks.services import LockRefused
from trial.participants import services as participants
from trial.participants.models import Participant, Visit
from trial.safety import services as safety
from trial.signatures.queries import signatures_of
from trial.signatures.services import SignatureRefused, confirm
from trial.users.models import User

KINDS = pytest.mark.parametrize("kind", ["visit", "participant", "trial"])


def asked(ward: Ward, kind: str = "visit") -> UnlockRequest:
    """Something locked, and Dora's request to open it."""
    change = wards.lock(ward, kind)
    given: dict[str, Any] = {"reason": "a page was found", "confirmation": confirmed(ward.dora), "site": ward.site}
    return services.request_unlock(ward.dora, change.state, **given)


def write(ward: Ward) -> int:
    with audited("system:test", "write"):
        return Visit.objects.filter(pk=ward.visit.pk).update(missed_reason="something else")


@KINDS
def test_a_lock_says_who_when_why_and_where_the_trail_stood(ward: Ward, kind: str) -> None:
    before = AuditEntry.objects.order_by("-id")[0].id
    change = wards.lock(ward, kind)
    assert (change.kind, change.by, change.reason, change.is_locked) == (kind, ward.dora, "data reviewed", True)
    assert change.last_entry >= before
    assert change.state.is_locked or queries.get_state(kind, change.state.pk).is_locked
    entry = AuditEntry.objects.order_by("-id")[0]
    assert (entry.table_name, entry.actor, entry.reason) == ("locks_lockchange", "dora", "data reviewed")


def test_the_three_verbs_lock_what_they_say(ward: Ward) -> None:
    visit = services.lock_visit(ward.dora, ward.visit, reason="done")
    participant = services.lock_participant(ward.dora, ward.participant, reason="done")
    trial = services.freeze_trial(ward.dora, reason="done")
    assert [change.kind for change in (visit, participant, trial)] == ["visit", "participant", "trial"]
    assert [queries.kind_of(state) for state in queries.locks_on(ward.participant, ward.visit)] == [
        "visit",
        "participant",
        "trial",
    ]
    assert queries.freeze_in_force() == trial


def test_a_lock_needs_a_reason_and_comes_once(ward: Ward) -> None:
    with pytest.raises(LockRefused, match="Say why"):
        services.lock_visit(ward.dora, ward.visit, reason=" ")
    wards.lock(ward, "visit")
    with pytest.raises(LockRefused, match="locked already"):
        services.lock_visit(ward.dora, ward.visit, reason="again")


def test_a_visit_that_is_still_to_come_is_not_locked(ward: Ward) -> None:
    planned = ward.participant.visits.filter(state=Visit.State.PLANNED)[0]
    with pytest.raises(LockRefused, match="neither held nor missed"):
        services.lock_visit(ward.dora, planned, reason="too early")


@KINDS
def test_nothing_of_a_participant_is_locked_while_the_infusion_runs(ward: Ward, kind: str) -> None:
    with audited("system:test", "start"):
        running: Any = wards.about(Infusion, ward.participant, ward.visit)
        running.save(force_insert=True)
    wards.alone(ward)
    key = {"visit": ward.visit.pk, "participant": ward.participant.pk, "trial": 1}[kind]
    with pytest.raises(LockRefused, match="is running; record its end first"):
        services.lock(ward.dora, kind, key, reason="locked anyway")
    assert not LockChange.objects.exists()


def test_an_infusion_of_the_practice_ward_does_not_hold_up_a_freeze(ward: Ward) -> None:
    with audited("system:test", "start"):
        ward.site.is_practice = True
        ward.site.save()
        wards.about(Infusion, ward.participant, ward.visit).save(force_insert=True)
    wards.alone(ward)
    assert services.freeze_trial(ward.dora, reason="final").is_locked


def test_what_is_still_open_is_said_and_does_not_stand_against_a_lock(ward: Ward) -> None:
    safety.raise_alert(ward.carla, participant=ward.participant, kind="test", level="review", summary="look at this")
    for kind, key in (("participant", ward.participant.pk), ("trial", 1)):
        found = preview_of(queries.get_state(kind, key))
        assert found.hindrances == []
        said = " ".join(found.warnings)
        assert "Visits neither held nor missed" in said
        assert "Alerts nobody has acknowledged: 1" in said
        assert "Deviations without a corrective action: 1" in said


@KINDS
def test_two_people_open_a_lock_and_the_record_is_writable_again(ward: Ward, kind: str) -> None:
    request = asked(ward, kind)
    with pytest.raises(RecordLocked):
        write(ward)
    change = services.allow_unlock(ward.dan, request, confirmation=confirmed(ward.dan), site=ward.site)
    assert (change.is_locked, change.by, change.reason) == (False, ward.dan, "a page was found")
    assert write(ward) == 1
    assert change.decision is not None
    signed = [*signatures_of(request), *signatures_of(change.decision)]
    assert [(one.signature.signer, one.signature.meaning, one.is_valid) for one in signed] == [
        (ward.dora, "entered", True),
        (ward.dan, "approved", True),
    ]
    wards.lock(ward, kind)
    with pytest.raises(RecordLocked):
        write(ward)


def test_one_person_cannot_unlock_alone(ward: Ward) -> None:
    request = asked(ward)
    with pytest.raises(LockRefused, match="two people"):
        services.allow_unlock(ward.dora, request, confirmation=confirmed(ward.dora), site=ward.site)
    assert queries.get_state("visit", ward.visit.pk).is_locked
    with pytest.raises(RecordLocked):
        write(ward)


def test_a_wrong_password_signs_nothing_and_opens_nothing(ward: Ward) -> None:
    with pytest.raises(SignatureRefused):
        confirm(ward.dora, password="not it", username="dora")
    request = asked(ward)
    with pytest.raises(SignatureRefused):
        services.allow_unlock(ward.dan, request, confirmation=confirmed(ward.dora), site=ward.site)
    assert not UnlockDecision.objects.exists()
    assert queries.get_state("visit", ward.visit.pk).is_locked


def test_a_request_can_be_refused_with_words_and_is_then_over(ward: Ward) -> None:
    request = asked(ward)
    with pytest.raises(LockRefused, match="Say why"):
        services.refuse_unlock(ward.dan, request, words="")
    services.refuse_unlock(ward.dan, request, words="the page was in the file")
    for again in (
        lambda: services.allow_unlock(ward.dan, request, confirmation=confirmed(ward.dan), site=ward.site),
        lambda: services.refuse_unlock(ward.dan, request, words="again"),
    ):
        with pytest.raises(LockRefused, match="Dan has refused this already"):
            again()
    assert queries.get_state("visit", ward.visit.pk).is_locked


def test_a_request_needs_a_reason_a_lock_and_no_other_request(ward: Ward) -> None:
    state = queries.get_state("visit", ward.visit.pk)
    given: dict[str, Any] = {"confirmation": confirmed(ward.dora), "site": ward.site}
    with pytest.raises(LockRefused, match="Say why"):
        services.request_unlock(ward.dora, state, reason="", **given)
    with pytest.raises(LockRefused, match="not locked any more"):
        services.request_unlock(ward.dora, state, reason="open it", **given)
    request = asked(ward)
    with pytest.raises(LockRefused, match="asked for this already"):
        services.request_unlock(
            ward.dan, request.state, reason="me too", confirmation=confirmed(ward.dan), site=ward.site
        )
    services.allow_unlock(ward.dan, request, confirmation=confirmed(ward.dan), site=ward.site)
    with pytest.raises(LockRefused, match="Dan has allowed this already"):
        services.refuse_unlock(ward.dora, request, words="too late")


def bare_unlock(request: UnlockRequest, by: User) -> None:
    """Open the lock past the service, by rows alone."""
    with audited("system:test", "forced"):
        decision = UnlockDecision.objects.create(request=request, is_allowed=True, by=by)
        LockChange.objects.create(
            visit=request.visit, is_locked=False, by=by, reason="forced", last_entry=0, decision=decision
        )


def test_the_database_itself_opens_nothing_for_one_person_or_without_signatures(ward: Ward) -> None:
    request = asked(ward)
    for by in (ward.dora, ward.dan):  # she asked; he has not signed
        with pytest.raises(IntegrityError, match="two people, each with a signature"):
            bare_unlock(request, by)
    with (
        pytest.raises(IntegrityError, match=r"locks_opened_by_decision|two people"),
        audited("system:test", "no decision"),
    ):
        LockChange.objects.create(visit=request.visit, is_locked=False, by=ward.dan, reason="forced", last_entry=0)
    assert queries.get_state("visit", ward.visit.pk).is_locked


def test_a_decision_opens_only_the_lock_it_was_asked_for(ward: Ward) -> None:
    request = asked(ward)
    services.allow_unlock(ward.dan, request, confirmation=confirmed(ward.dan), site=ward.site)
    wards.lock(ward, "visit")
    again = LockChange(visit=request.visit, is_locked=False, by=ward.dan, reason="used twice", last_entry=0)
    again.decision_id = request.decision.pk
    with pytest.raises(IntegrityError), audited("system:test", "replayed"):
        again.save()


def test_a_locked_visit_keeps_its_window_while_the_others_are_counted_anew(ward: Ward) -> None:
    wards.lock(ward, "visit")
    before = {visit.pk: visit.due_at for visit in ward.participant.visits.all()}
    with audited("system:test", "plan"):
        Participant.objects.filter(pk=ward.participant.pk).update(planned_infusion_on=STARTED.date())
    participants.refresh_windows(ward.carla, Participant.objects.get(pk=ward.participant.pk))
    after = {visit.pk: visit.due_at for visit in ward.participant.visits.all()}
    assert after[ward.visit.pk] == before[ward.visit.pk]
    assert any(after[pk] != before[pk] for pk in before)


def test_safety_is_recorded_behind_every_lock(ward: Ward) -> None:
    for kind in ("visit", "participant", "trial"):
        wards.lock(ward, kind)
    alert = safety.raise_alert(ward.carla, participant=ward.participant, kind="late", level="urgent", summary="late")
    assert alert.pk
    deviation = safety.record_deviation(
        ward.carla,
        participant=ward.participant,
        visit=ward.visit,
        kind="other",
        summary="found late",
        occurred_at=ward.visit.entered_at,
    )
    safety.close_deviation(ward.carla, deviation, correction="trained")


def asked_inside(ward: Ward) -> str:
    """What a refusal says while the refused transaction is still open."""
    with transaction.atomic(), audited("system:test", "w"):
        try:
            Visit.objects.filter(pk=ward.visit.pk).update(missed_reason="x")
        except RecordLocked as refused:
            transaction.set_rollback(True)
            return str(refused)
    return ""


def test_words_asked_for_inside_the_refused_transaction_still_say_that_it_is_locked(ward: Ward) -> None:
    wards.lock(ward, "visit")
    assert asked_inside(ward) == UNKNOWN


def test_a_refusal_keeps_the_words_it_was_first_read_with(ward: Ward) -> None:
    """The page that shows it must not say another thing than the log."""
    request = asked(ward)
    refused = RecordLocked("visit", str(ward.visit.pk))
    said = str(refused)
    assert "is locked since" in said
    services.allow_unlock(ward.dan, request, confirmation=confirmed(ward.dan), site=ward.site)
    assert str(refused) == said


def test_what_was_unlocked_meanwhile_is_said_so(ward: Ward) -> None:
    """The last change is then the opening, by somebody who locked nothing."""
    request = asked(ward)
    services.allow_unlock(ward.dan, request, confirmation=confirmed(ward.dan), site=ward.site)
    refused = RecordLocked("visit", str(ward.visit.pk))
    assert "was locked a moment ago" in str(refused)
    assert "Dan" not in str(refused)


def test_an_import_is_told_at_once_which_of_many_are_locked(ward: Ward) -> None:
    other = people.consent(ward.carla, people.enrol(ward.carla, ward.site))
    visits = {ward.visit.pk, *other.visits.values_list("pk", flat=True)}
    persons = {ward.participant.pk, other.pk}
    assert queries.locked_among(persons, visits) == frozenset()
    wards.lock(ward, "visit")
    wards.lock(ward, "participant")
    assert queries.locked_among(persons, visits) == {ward.visit.pk, ward.participant.pk}
    assert queries.locked_among({other.pk}, set()) == frozenset()
    wards.lock(ward, "trial")
    assert queries.locked_among({other.pk}, set()) == {queries.TRIAL}
