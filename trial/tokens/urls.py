"""One's own access tokens."""

from __future__ import annotations

from django.urls import path

from trial.tokens import views

app_name = "tokens"
urlpatterns = [
    path("", views.tokens, name="tokens"),
    path("<uuid:pk>/end/", views.end, name="end"),
]
