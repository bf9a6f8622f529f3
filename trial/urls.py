"""Where every address leads."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("trial.participants.urls")),
    path("", include("trial.users.urls")),
    path("", include("trial.records.urls")),
    path("jobs/", include("trial.jobs.urls")),
    path("audit/", include("trial.audit.urls")),
    path("contacts/", include("trial.contacts.urls")),
    path("monitoring/", include("trial.monitoring.urls")),
    path("safety/", include("trial.safety.urls")),
    path("infusion/", include("infusion.urls")),
    path("assessments/", include("assessments.urls")),
    path("imaging/", include("imaging.urls")),
    path("reports/", include("reports.urls")),
]
