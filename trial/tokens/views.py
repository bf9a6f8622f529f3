"""One's own access tokens: made, shown once, ended."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from trial.permissions import requires
from trial.tokens import queries, services
from trial.tokens.forms import TokenForm
from trial.tokens.registry import offered_actions
from trial.users.posting import FORM, posted

UNPROCESSABLE = 422


@requires("account.own")
@require_http_methods(FORM)
def tokens(request: HttpRequest) -> HttpResponse:
    """List one's own tokens, and make one; the new token is shown on the answer and never again."""
    user: Any = request.user
    form, made = TokenForm(posted(request), user=user, actions=offered_actions()), ""
    if request.method == "POST" and form.is_valid():
        try:
            _, made = services.make_token(user, **form.values())
        except services.TokenRefused as refused:
            form.add_error(None, str(refused))
        else:
            form = TokenForm(user=user, actions=offered_actions())
    frame = {"form": form, "made": made, "tokens": queries.tokens_of(user), "now": timezone.now()}
    return render(request, "tokens/tokens.html", frame, status=UNPROCESSABLE if form.errors else 200)


@requires("account.own")
@require_POST
def end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End one of one's own tokens."""
    user: Any = request.user
    ended = services.end_token(user, queries.own_token(user, pk))
    messages.success(request, f"The token for {ended.name} is ended; no programme gets in with it any more.")
    return redirect("tokens:tokens")
