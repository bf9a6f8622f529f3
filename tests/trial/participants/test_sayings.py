"""Findings against what the screening says, and enrolment against a positive pregnancy test (ICH E6(R3), 2.7)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.trial.participants.people import CONSENTED, STARTED, make_user
from tests.trial.participants.test_eligibility import EXAMINED, FAILED, HISTORY, PERSON, answers, decide, judge_all
from trial.participants import facts, services
from trial.participants.models import CriterionJudgement, EligibilityDecision, Participant
from trial.participants.sayings import sayings
from trial.participants.services import StepRefused
from trial.records import events
from trial.records.services import RecordError
from trial.safety.models import Deviation
from trial.users.models import Site, User

LATER = CONSENTED + timedelta(days=3)
PREGNANCY: dict[str, Any] = {"breast_feeding": "no", "contraception": "yes"}
METAL: dict[str, Any] = {"implant": "yes", "metal_fragment": "no", "claustrophobia": "no", "cleared": "yes"}


@pytest.fixture
def screened(consented: Participant, coordinator: User, monkeypatch: pytest.MonkeyPatch) -> Participant:
    """Everything recorded but pregnancy test and findings; the assessments answer a MADRS of 30 at entry."""
    monkeypatch.setitem(events._providers, "assessments.entry_total", lambda **_: Decimal(30))
    record(coordinator, consented, "demographics", age_years=40, **PERSON)
    record(coordinator, consented, "physical-examination", heart_rate=70, **EXAMINED)
    for drug in ("sertraline", "venlafaxine"):
        record(coordinator, consented, "antidepressant-trials", drug=drug, **FAILED)
    record(coordinator, consented, "medical-history", takes_medicines="no", **HISTORY)
    return consented


def record(actor: User, participant: Participant, slug: str, *, at: Any = CONSENTED, **values: Any) -> Any:
    return services.record_screening(actor, participant, slug=slug, occurred_at=at, **values)


def give_test(actor: User, participant: Participant, result: str, at: Any = CONSENTED) -> Any:
    return record(actor, participant, "pregnancy-test", at=at, result=result, **PREGNANCY)


def judge(psychiatrist: User, participant: Participant, criterion: str, verdict: str, why: str = "") -> Any:
    given: dict[str, Any] = {
        "judgements": {criterion: (verdict, "interview")},
        "against": {criterion: why} if why else {},
    }
    return services.judge_criteria(psychiatrist, participant, occurred_at=CONSENTED, **given)


def judge_others(psychiatrist: User, participant: Participant, criterion: str) -> None:
    """Every criterion of the psychiatrist's passes but one, which stays as it is."""
    judge_all(psychiatrist, participant, **{criterion: "unknown"})


def test_a_finding_against_the_screening_needs_its_own_reason(
    screened: Participant, coordinator: User, psychiatrist: User
) -> None:
    give_test(coordinator, screened, "positive")
    with pytest.raises(RecordError, match=r"the screening says result: positive; .* Say for this criterion why"):
        judge(psychiatrist, screened, "pregnancy", "pass")
    assert not CriterionJudgement.objects.exists()
    (found,) = judge(psychiatrist, screened, "pregnancy", "pass", "false positive, beta-hCG below 5 IU/L twice")
    assert found.explanation == "false positive, beta-hCG below 5 IU/L twice"
    assert found.against_screening.startswith("result: positive")


def test_a_finding_with_the_screening_rests_on_what_all_rest_on(
    screened: Participant, coordinator: User, psychiatrist: User
) -> None:
    give_test(coordinator, screened, "positive")
    (found,) = judge(psychiatrist, screened, "pregnancy", "fail")
    assert (found.explanation, found.against_screening) == ("interview", "")


def test_a_positive_pregnancy_test_refuses_enrolment_whatever_the_finding(
    screened: Participant, coordinator: User, psychiatrist: User
) -> None:
    judge_others(psychiatrist, screened, "pregnancy")
    give_test(coordinator, screened, "positive")
    judge(psychiatrist, screened, "pregnancy", "pass", "believed a mistake")
    assert set(answers(screened).values()) == {"pass"}
    with pytest.raises(StepRefused, match="latest pregnancy test is positive"):
        decide(psychiatrist, screened)
    assert not EligibilityDecision.objects.exists()
    record_ = {"result": "not_applicable", **PREGNANCY}
    record(coordinator, screened, "pregnancy-test", at=CONSENTED + timedelta(hours=1), **record_)
    with pytest.raises(StepRefused, match="latest pregnancy test is positive"):
        decide(psychiatrist, screened)
    give_test(coordinator, screened, "negative", LATER)
    judge(psychiatrist, screened, "pregnancy", "pass")
    assert decide(psychiatrist, screened).is_eligible


def test_a_test_that_turns_positive_after_the_decision_refuses_the_infusion(
    screened: Participant, coordinator: User, psychiatrist: User
) -> None:
    judge_all(psychiatrist, screened)
    decide(psychiatrist, screened)
    services.require_step(screened, "infusion")
    give_test(coordinator, screened, "positive", LATER)
    with pytest.raises(StepRefused, match="neither enrolment nor infusion"):
        services.require_step(screened, "infusion")
    services.infusion_began(psychiatrist, screened, STARTED)
    assert "latest pregnancy test is positive" in Deviation.objects.get().summary


def test_what_the_screening_says_only_later_is_judged_again_before_enrolling(
    client: Client, screened: Participant, coordinator: User, psychiatrist: User
) -> None:
    judge_all(psychiatrist, screened)
    metal = {**METAL, "comment": "knee, cleared by radiology"}
    record(coordinator, screened, "mri-safety", **metal)
    with pytest.raises(StepRefused, match="Contraindication to MRI: the screening now says pacemaker"):
        decide(psychiatrist, screened)
    judge(psychiatrist, screened, "mri_contraindication", "pass", "MR-conditional at 3 T")
    stood = decide(psychiatrist, screened).criteria["mri_contraindication"]
    assert stood["answer"] == "pass"
    assert stood["explanation"] == "MR-conditional at 3 T"
    assert "pacemaker, clip or other implant: yes" in stood["against_screening"]
    client.force_login(psychiatrist)
    page = client.get(reverse("participants:eligibility", args=[screened.study_id])).content.decode()
    assert "enrolled. Judged against the screening: Contraindication to MRI." in page


def test_the_screening_is_said_fully(screened: Participant, coordinator: User) -> None:
    record(coordinator, screened, "mri-safety", **{**METAL, "comment": "knee, cleared by radiology"})
    record(coordinator, screened, "drug-test", result="positive", substances="cocaine")
    said = sayings(screened)
    assert said["mri_contraindication"].words == (
        "pacemaker, clip or other implant: yes; metal fragments: no; claustrophobia: no; "
        "cleared for the scanner: yes; comment: knee, cleared by radiology"
    )
    assert said["substance_use"] == ("result: positive; substances found: cocaine", "fail")
    assert (said["mri_contraindication"].answer, said["heart_block"].answer) == ("fail", "pass")


def test_a_significant_blood_test_is_said_and_a_normal_one_is_not(screened: Participant, coordinator: User) -> None:
    normal = dict.fromkeys(("blood_count", "chemistry", "thyroid"), "normal")
    record(coordinator, screened, "laboratory", liver="significant", **normal)
    words, answer = sayings(screened)["medical_abnormality"]
    assert words == "other significant medical abnormality: no; liver tests: abnormal, clinically significant"
    assert answer == "fail"


def test_the_page_asks_why_and_flags_the_finding(
    client: Client, screened: Participant, coordinator: User, psychiatrist: User
) -> None:
    give_test(coordinator, screened, "positive")
    client.force_login(psychiatrist)
    url = reverse("participants:judge", args=[screened.study_id])
    given = {"pregnancy": "pass", "occurred_at": "2026-03-02T11:00", "basis": "interview", "key": str(uuid.uuid4())}
    before = reverse("participants:eligibility", args=[screened.study_id])
    assert 'name="pregnancy.why"' not in client.get(before).content.decode()
    refused = client.post(url, given).content.decode()
    assert "The screening says result: positive" in refused
    assert 'name="pregnancy.why"' in refused
    assert facts.latest_judgements(screened) == {}
    assert client.post(url, {**given, "pregnancy.why": "mixed-up sample"}).status_code == 302
    page = client.get(before).content.decode()
    assert "against the screening</span> mixed-up sample" in page
    assert "The latest pregnancy test is positive" in page


def test_the_page_asks_to_judge_again_what_the_screening_says_only_now(
    client: Client, screened: Participant, coordinator: User, psychiatrist: User
) -> None:
    judge(psychiatrist, screened, "pregnancy", "pass")
    give_test(coordinator, screened, "positive")
    client.force_login(psychiatrist)
    page = client.get(reverse("participants:eligibility", args=[screened.study_id])).content.decode()
    assert "only since this finding: judge it again" in page
    assert 'name="pregnancy.why"' in page
    again = {"pregnancy": "pass", "pregnancy.seen": "pass", "pregnancy.why": "mixed-up sample", "basis": "interview"}
    given = {**again, "occurred_at": "2026-03-02T12:00", "key": str(uuid.uuid4())}
    assert client.post(reverse("participants:judge", args=[screened.study_id]), given).status_code == 302
    assert facts.latest_judgements(screened)["pregnancy"].explanation == "mixed-up sample"


def test_no_decision_is_chosen_beforehand(client: Client, screened: Participant, psychiatrist: User) -> None:
    client.force_login(psychiatrist)
    page = client.get(reverse("participants:eligibility", args=[screened.study_id])).content.decode()
    assert '<option value="" selected>choose …</option>' in page
    given = {"decision": "", "occurred_at": "2026-03-02T11:00", "key": str(uuid.uuid4())}
    assert client.post(reverse("participants:decide", args=[screened.study_id]), given).status_code == 422
    assert not EligibilityDecision.objects.exists()


def test_a_decision_dated_before_consent_enrols_nobody(screened: Participant, psychiatrist: User) -> None:
    judge_all(psychiatrist, screened)
    early = CONSENTED - timedelta(minutes=1)
    with pytest.raises(StepRefused, match="dated before the consent"):
        services.decide_eligibility(psychiatrist, screened, is_eligible=True, occurred_at=early)


def test_every_decision_and_finding_leads_to_its_history_for_whoever_may_read_it(
    client: Client, site: Site, screened: Participant, psychiatrist: User
) -> None:
    judge_all(psychiatrist, screened)
    judge(psychiatrist, screened, "mri_contraindication", "fail")
    judge(psychiatrist, screened, "mri_contraindication", "pass")
    decide(psychiatrist, screened)
    rows = [*CriterionJudgement.objects.all(), *EligibilityDecision.objects.all()]
    page = reverse("participants:eligibility", args=[screened.study_id])
    for person in (psychiatrist, make_user("mona", site, "monitor"), make_user("ian", site, "imaging_analyst")):
        client.force_login(person)
        shown = client.get(page).content.decode()
        assert "Every decision and finding" in shown
        for row in rows:
            to = reverse("audit:history", args=[row._meta.label, row.pk])
            assert f'href="{to}"' in shown
            assert client.get(to).status_code == 200
