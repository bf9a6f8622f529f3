"""Addresses of monitoring."""

from __future__ import annotations

from django.urls import path

from trial.monitoring.views import queries, thread, trail, verification

app_name = "monitoring"
urlpatterns = [
    path("queries/", queries.work_list, name="list"),
    path("queries/today/", queries.today, name="today"),
    path("queries/checks/", queries.checks, name="checks"),
    path("queries/new/<str:table>/<uuid:pk>/", thread.raise_, name="raise"),
    path("queries/<uuid:pk>/", thread.query, name="query"),
    path("queries/<uuid:pk>/answer/", thread.answer, name="answer"),
    path("queries/<uuid:pk>/close/", thread.close, name="close"),
    path("queries/<uuid:pk>/reopen/", thread.reopen, name="reopen"),
    path("queries/<uuid:pk>/withdraw/", thread.withdraw, name="withdraw"),
    path("reviews/", trail.reviews, name="reviews"),
    path("reviews/site/<uuid:site_id>/", trail.review, name="review"),
    path("reviews/<uuid:pk>/", trail.written, name="written"),
    path("verification/", verification.changed, name="changed"),
    path("<str:study_id>/verification/", verification.overview, name="verification"),
    path("<str:study_id>/verification/<slug:code>/", verification.group, name="verification_group"),
    path("<str:study_id>/verification/<slug:code>/mark/", verification.mark, name="mark"),
    path("<str:study_id>/panel/", queries.panel, name="panel"),
]
