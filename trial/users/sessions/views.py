"""How one's session stands, opening it again by password, and a form that was not sent."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from trial.permissions import PermittedRequest, requires
from trial.users.forms import NO_MATCH
from trial.users.posting import FORM
from trial.users.second_factor import queries as second_factors
from trial.users.second_factor import services as second_factor
from trial.users.sessions import duties, held, marks
from trial.users.sessions.actions import always
from trial.users.sessions.marks import State
from trial.users.signing import note_reopened


def standing(request: HttpRequest) -> dict[str, Any]:
    """What a page needs to know of its session: whose it is, seconds left, whether opening it again takes a code."""
    user: Any = request.user
    has_ended = marks.state(request.session) is State.ENDED
    return {
        "account": user.get_username(),
        "left": marks.seconds_left(request.session),
        "needs_code": has_ended and second_factors.has_device(user),
    }


@always
@requires("account.own")
@require_http_methods(FORM)
def session(request: PermittedRequest) -> HttpResponse:
    """Say how the session stands; a marked POST is a person at an open page, which the middleware has noted."""
    return JsonResponse(standing(request))


@sensitive_post_parameters("password", "code")
@always
@requires("account.own")
@require_POST
def reopen(request: PermittedRequest) -> HttpResponse:
    """Go on with a session that is over, by the password of the same account."""
    name, password = request.user.get_username(), request.POST.get("password", "")
    if authenticate(request, username=name, password=password) is None:
        return JsonResponse({"message": NO_MATCH}, status=422)
    code = request.POST.get("code", "")
    if standing(request)["needs_code"] and not second_factor.is_right(request.user, code):
        return JsonResponse(
            {"message": "The password is right, the code of the app is not. Try its next code."}, status=422
        )
    request.session.cycle_key()
    if marks.state(request.session) is marks.State.ENDED:
        duties.lay_down(request.session, request.user)
    marks.reopen(request.session)
    note_reopened(request, request.user)
    return JsonResponse(standing(request))


@requires("account.own")
@require_http_methods(FORM)
def held_form(request: PermittedRequest) -> HttpResponse:
    """Show the form that was not sent, with the way back to it; a POST lets it go."""
    if request.method == "POST":
        held.forget(request)
        return redirect("participants:today")
    form = held.unsent(request)
    frame = {"held": form, "minutes": form and int(marks.now() - form.at) // 60}
    return render(request, "users/held.html", frame)


@requires("account.own")
@require_http_methods(["GET", "HEAD"])
def held_fields(request: PermittedRequest) -> HttpResponse:
    """The fields of the form that was not sent, for the page on which it stood."""
    form = held.unsent(request)
    if form is None:
        return JsonResponse({})
    return JsonResponse({"target": form.target, "fields": form.fields, "files": form.files})
