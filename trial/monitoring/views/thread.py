"""One query: raising it, its thread, and the steps that lead on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from trial.audit.queries import HistoryLine
from trial.monitoring import queries, services
from trial.monitoring.forms import AnswerForm, RaiseForm, ReasonForm, correction_words
from trial.monitoring.models import DataQuery
from trial.monitoring.rules import CHECKS
from trial.monitoring.subjects import (
    address_of,
    field_label,
    fields_of,
    find,
    find_for,
    knows_field,
    model_of,
    name_of,
    participant_of,
)
from trial.participants.access import sites_of
from trial.participants.forms import attempt
from trial.permissions import may, requires
from trial.records.saving import status_of
from trial.users.posting import FORM, posted

Step = Callable[..., DataQuery]


@requires("queries.raise")
@require_http_methods(FORM)
def raise_(request: HttpRequest, table: str, pk: UUID) -> HttpResponse:
    """Ask about a record; the address may name a field of it."""
    subject = find_for(request.user, sites_of(request), table, pk)
    participant, made = participant_of(subject), []
    with timezone.override(participant.site.zone):
        named = request.GET.get("field", "")
        named = named if named and knows_field(subject, named) else ""
        item = (named, field_label(type(subject), named)) if "." in named else ("", "")
        form = RaiseForm(posted(request), fields=fields_of(subject), item=item, initial={"field": named})

        def write() -> None:
            given = {name: form.cleaned_data[name] for name in ("field", "question", "key")}
            made.append(services.raise_query(request.user, subject=subject, **given))  # type: ignore[arg-type]

        if request.method == "POST" and attempt(form, write):
            messages.success(request, "The query is raised. It waits for an answer.")
            return redirect("monitoring:query", made[0].pk)
        frame = {"form": form, "participant": participant, "name": name_of(subject), "back": address_of(subject)}
        return render(request, "monitoring/raise.html", frame, status=status_of(form))


@require_safe
@requires("queries.read")
def query(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The thread of a query, and what the account may do next."""
    return thread_page(request, queries.get_query(request.user, sites_of(request), pk))


def thread_page(request: HttpRequest, found: DataQuery, *, refused: dict[str, Any] | None = None) -> HttpResponse:
    """Render the thread, with a form that was refused in place of a fresh one."""
    user: Any = request.user
    subject = find(frozenset({found.site_id}), found.subject_table, found.subject_id)
    corrections = queries.corrections_since(found)
    forms = step_forms(user, found, corrections) | (refused or {})
    with timezone.override(found.participant.site.zone):
        frame = {
            "query": found,
            "participant": found.participant,
            "subject": subject,
            "name": name_of(subject),
            "back": address_of(subject),
            "field": field_label(type(subject), found.field),
            "value": next((one.value for one in fields_of(subject) if one.name == found.field), ""),
            "thread": thread_of(found, corrections),
            "age": queries.age_in_days(found),
            "check": CHECKS.get(found.check_code),
            "forms": forms,
            "waits_for": waits_for(user, found),
            "may_audit": may(user, "audit.read", found.site_id),
            "label": model_of(found.subject_table)._meta.label,
        }
        status = max(map(status_of, (refused or {}).values()), default=200)
        return render(request, "monitoring/query.html", frame, status=status)


def thread_of(found: DataQuery, corrections: list[HistoryLine]) -> list[dict[str, Any]]:
    """The messages of a query, each with the correction it names in words."""
    said = {line.entry_id: correction_words(line) for line in corrections}
    rows = found.thread.select_related("entered_by")
    return [{"message": one, "correction": said.get(one.correction or 0, "")} for one in rows]


def step_forms(user: Any, found: DataQuery, corrections: list[HistoryLine]) -> dict[str, Any]:
    """The forms of the steps that an account may take from here, fresh."""
    at: dict[str, Any] = {"version": found.version}
    is_open = found.state != DataQuery.State.CLOSED
    closes = may(user, "queries.close", found.site_id)
    raised = found.entered_by_id == user.pk and may(user, "queries.raise", found.site_id)
    offered = {
        "answer": is_open and queries.may_answer(user, found),
        "close": is_open and closes and found.answered_by_id != user.pk,
        "reopen": closes and found.state != DataQuery.State.OPEN,
        "withdraw": is_open and (closes or raised),
    }
    made: dict[str, Any] = {
        name: ReasonForm(initial=dict(at), auto_id=f"{name}_%s") for name, may_do in offered.items() if may_do
    }
    if "answer" in made:
        made["answer"] = AnswerForm(initial=dict(at), corrections=corrections, auto_id="answer_%s")
    return made


def waits_for(user: Any, found: DataQuery) -> str:
    """Whose step is next, in words for somebody who cannot take it."""
    if found.state == DataQuery.State.OPEN and not queries.may_answer(user, found):
        return "A coordinator answers, or whoever may record such data."
    if found.state == DataQuery.State.ANSWERED and not may(user, "queries.close", found.site_id):
        return "A monitor or a data manager closes it, or asks again."
    if found.state == DataQuery.State.ANSWERED and found.answered_by_id == user.pk:
        return "You gave the answer; another monitor or data manager closes it."
    return ""


@require_POST
@requires("queries.answer")
def answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer a query."""
    found = queries.get_query(request.user, sites_of(request), pk)
    corrections = queries.corrections_since(found)
    form = AnswerForm(request.POST, corrections=corrections, auto_id="answer_%s")

    def write() -> None:
        given = {name: form.cleaned_data.get(name) for name in ("version", "words", "correction", "key")}
        services.answer(request.user, found, **given)  # type: ignore[arg-type]

    return after_step(request, found, "answer", form, write, "The query is answered.")


def step(request: HttpRequest, pk: UUID, name: str, serve: Step, said: str) -> HttpResponse:
    """Close, open again or withdraw a query with a reason."""
    found = queries.get_query(request.user, sites_of(request), pk)
    form = ReasonForm(request.POST, auto_id=f"{name}_%s")

    def write() -> None:
        serve(request.user, found, **{part: form.cleaned_data[part] for part in ("version", "reason", "key")})

    return after_step(request, found, name, form, write, said)


def after_step(
    request: HttpRequest, found: DataQuery, name: str, form: Any, write: Callable[[], None], said: str
) -> HttpResponse:
    """Back to the thread after a step; a refused one is shown there with what was typed."""
    if attempt(form, write):
        messages.success(request, said)
        return redirect("monitoring:query", found.pk)
    return thread_page(request, found, refused={name: form})


@require_POST
@requires("queries.close")
def close(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Close a query."""
    return step(request, pk, "close", services.close, "The query is closed.")


@require_POST
@requires("queries.close")
def reopen(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Open a query again."""
    return step(request, pk, "reopen", services.reopen, "The query is open again.")


@require_POST
@requires("queries.raise")
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a query back."""
    return step(request, pk, "withdraw", services.withdraw, "The query is withdrawn.")
