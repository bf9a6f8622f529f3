"""The eligibility page: every criterion, the psychiatrist's findings and the decision."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from trial.participants import facts, queries, services
from trial.participants import sayings as screening
from trial.participants.access import for_participant, for_patients
from trial.participants.forms import DecisionForm, JudgementForm, attempt
from trial.participants.models import EligibilityDecision, Participant
from trial.permissions import may, requires
from trial.protocol import Criterion
from trial.records.conflicts import Opened, Save, Succession
from trial.records.saving import status_of, to_show
from trial.rules.eligibility import Eligibility
from trial.signatures.sign_off import is_signed_at

ANSWERS = {"pass": ("passes", "green"), "fail": ("fails", "red"), "unknown": ("not known", "yellow")}
# Where the record cannot say whether a recent stop counts, the rule leaves the answer to the psychiatrist.
OPEN_TO_JUDGEMENT = "antidepressant_stability"


@requires("participants.read")
@require_safe
@for_participant
@for_patients
def eligibility(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Show every criterion with its answer and reason."""
    return page(request, participant)


@require_POST
@requires("participants.judge")
@for_participant
@for_patients
def judge(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Record the psychiatrist's findings."""
    form = judgement_form(participant, facts.judge(participant), request.POST)

    def write() -> None:
        given = {name: form.cleaned_data[name] for name in ("occurred_at", "key")}
        found = {"judgements": form.judgements(), "against": form.reasons(), "seen": form.seen()}
        services.judge_criteria(request.user, participant, **found, **given)  # type: ignore[arg-type]

    if attempt(form, write, findings(participant)):
        messages.success(request, "The findings are recorded.")
        return redirect("participants:eligibility", participant.study_id)
    return page(request, participant, judgement=form)


@require_POST
@requires("participants.judge")
@for_participant
@for_patients
def decide(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Decide to enrol or to refuse."""
    form = DecisionForm(request.POST, auto_id="decision_%s")

    def write() -> None:
        given = {name: form.cleaned_data[name] for name in ("occurred_at", "reason", "seen", "key")}
        is_eligible = form.cleaned_data["decision"] == "enrol"
        services.decide_eligibility(request.user, participant, is_eligible=is_eligible, **given)  # type: ignore[arg-type]

    about = DecisionSuccession(lambda: queries.latest_decision(participant), decision_form)
    if attempt(form, write, about):
        messages.success(request, "The decision is recorded.")
        return redirect("participants:detail", participant.study_id)
    return page(request, participant, decision=form)


class DecisionSuccession(Succession):
    """The next decision: only what was decided is compared."""

    def names(self, shown: Any, form: Any) -> list[str]:
        return ["decision"]


def decision_form(latest: EligibilityDecision | None) -> DecisionForm:
    """The form of a decision, showing the latest one where there is one."""
    if latest is None:
        return DecisionForm(auto_id="decision_%s", initial={"seen": ""})
    shown = {"seen": latest.pk, "decision": "enrol" if latest.is_eligible else "refuse"}
    return DecisionForm(auto_id="decision_%s", initial=shown)


class Findings(Opened):
    """The findings of a page: each criterion for itself, opened at the verdict that the page showed."""

    def token(self, form: Any) -> str:
        return json.dumps(form.seen())

    def is_current(self, current: Any, form: Any) -> bool:
        return all((current[name].verdict if name in current else "") == was for name, was in form.seen().items())

    def stood(self, current: Any, token: str) -> Any:
        return {name: Verdict(verdict) for name, verdict in json.loads(token).items()}

    def saves(self, current: Any, token: str) -> list[Save]:
        since = [current[name] for name, was in json.loads(token).items() if current[name].verdict != was]
        return [Save(row.entered_by.full_name, row.entered_at, row.explanation) for row in since]

    def names(self, shown: Any, form: Any) -> list[str]:
        return [one.id for one in form.changed()]


class Verdict(NamedTuple):
    """A verdict that a page showed."""

    verdict: str


def findings(participant: Participant) -> Findings:
    """What the form of the findings was opened about."""
    standing = facts.judge(participant)
    return Findings(
        lambda: facts.latest_judgements(participant),
        lambda latest: judgement_form(participant, standing, latest=latest),
    )


def page(
    request: HttpRequest,
    participant: Participant,
    *,
    judgement: JudgementForm | None = None,
    decision: DecisionForm | None = None,
) -> HttpResponse:
    """Render the page, with a form that was refused in place of a fresh one."""
    standing = facts.judge(participant)
    user: Any = request.user
    latest = queries.latest_decision(participant)
    frame = {
        "participant": participant,
        "standing": standing,
        "rows": rows_of(participant, standing),
        "is_signed": is_signed_at(participant.protocol_version, [participant.site]),
        "is_pregnant_by_test": queries.is_pregnant_by_test(participant),
        "latest": latest,
        "judged": queries.criteria_judged(participant),
        "decided": queries.decisions(participant),
        "may_audit": may(user, "history.read", participant.site_id),
        "decided_against": decided_against(participant, latest),
        "consented_at": queries.consented_at(participant),
        "may_judge": may(user, "participants.judge", participant.site_id),
        "judgement": to_show(judgement) or judgement_form(participant, standing),
        "decision": to_show(decision) or DecisionForm(auto_id="decision_%s", initial={"seen": latest and latest.pk}),
    }
    status = max(status_of(judgement), status_of(decision))
    return render(request, "participants/eligibility.html", frame, status=status)


def decided_against(participant: Participant, decision: EligibilityDecision | None) -> list[str]:
    """The criteria whose findings stood against the screening when it was decided."""
    criteria = queries.protocol_of(participant).eligibility
    stood = {} if decision is None else decision.criteria
    return [text.text.text for name, text in criteria.items() if "against_screening" in stood.get(name, ())]


def rows_of(participant: Participant, standing: Eligibility) -> list[dict[str, Any]]:
    """Each criterion with its answer, what the screening says, and whether the finding goes against that."""
    said, found = screening.sayings(participant), facts.latest_judgements(participant)
    rows = []
    for one in standing.judgements:
        saying, finding = said.get(one.criterion.id), found.get(one.criterion.id)
        row: dict[str, Any] = {"judged": one, "answer": ANSWERS[one.answer], "said": saying.words if saying else ""}
        row["finding"] = finding
        row["is_against"] = finding is not None and screening.goes_against(finding.verdict, saying)
        row["is_unanswered"] = screening.is_unanswered(finding, saying)
        rows.append(row)
    return rows


def judgement_form(
    participant: Participant, standing: Eligibility, data: Any = None, latest: Any = None
) -> JudgementForm:
    """The form of the criteria that are a psychiatrist's to judge."""
    asked: list[Criterion] = [
        one.criterion
        for one in standing.judgements
        if one.criterion.judged_by == "psychiatrist"
        or (one.criterion.id == OPEN_TO_JUDGEMENT and one.answer == "unknown")
    ]
    said = screening.sayings(participant)
    found = facts.latest_judgements(participant) if latest is None else latest
    return JudgementForm(data, criteria=asked, latest=found, said=said)
