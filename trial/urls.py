"""Where every address leads."""

from __future__ import annotations

from django.urls import include, path

from trial.api import addresses

urlpatterns = [
    path("", include("trial.participants.urls")),
    path("", include("trial.users.urls")),
    path("", include("trial.records.urls")),
    path("account/tokens/", include("trial.tokens.urls")),
    path("api/v1/", addresses()),
    path("jobs/", include("trial.jobs.urls")),
    path("audit/", include("trial.audit.urls")),
    path("contacts/", include("trial.contacts.urls")),
    path("signatures/", include("trial.signatures.urls")),
    path("locks/", include("trial.locks.urls")),
    path("monitoring/", include("trial.monitoring.urls")),
    path("safety/", include("trial.safety.urls")),
    path("infusion/", include("infusion.urls")),
    path("assessments/", include("assessments.urls")),
    path("imaging/", include("imaging.urls")),
    path("reports/", include("reports.urls")),
]

handler403 = "trial.users.refusals.denied"
handler404 = "trial.api.nothing_here"
handler500 = "trial.records.faults.answer"
