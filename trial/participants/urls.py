"""Addresses of the participants' pages."""

from __future__ import annotations

from django.urls import path

from trial.participants.views import amendments, eligibility, overview, participant, screening, unsigned, visits

app_name = "participants"
urlpatterns = [
    path("", overview.today, name="today"),
    path("unsigned/", unsigned.unsigned, name="unsigned"),
    path("unsigned/count/", unsigned.unsigned_today, name="unsigned_today"),
    path("participants/", overview.participants, name="list"),
    path("participants/new/", participant.enrol, name="enrol"),
    path("participants/versions/", amendments.versions, name="versions"),
    path("participants/<str:study_id>/", participant.detail, name="detail"),
    path("participants/<str:study_id>/version/<slug:version>/", amendments.move, name="move"),
    path("participants/<str:study_id>/contact/", participant.contact, name="contact"),
    path("participants/<str:study_id>/consent/", participant.consent, name="consent"),
    path("participants/<str:study_id>/status/", participant.status, name="status"),
    path("participants/<str:study_id>/plan/", participant.plan, name="plan"),
    path("participants/<str:study_id>/screening/<slug:slug>/", screening.screening, name="screening"),
    path("participants/<str:study_id>/screening/<slug:slug>/recorded/", screening.recorded, name="recorded"),
    path("participants/<str:study_id>/medication/<uuid:medication_id>/dose/", screening.dose, name="dose"),
    path("participants/<str:study_id>/eligibility/", eligibility.eligibility, name="eligibility"),
    path("participants/<str:study_id>/eligibility/judge/", eligibility.judge, name="judge"),
    path("participants/<str:study_id>/eligibility/decide/", eligibility.decide, name="decide"),
    path("participants/<str:study_id>/visits/<slug:code>/", visits.visit, name="visit"),
    path("participants/<str:study_id>/visits/<slug:code>/held/", visits.held, name="held"),
    path("participants/<str:study_id>/visits/<slug:code>/correct/", visits.correct, name="correct"),
    path("participants/<str:study_id>/visits/<slug:code>/missed/", visits.missed, name="missed"),
]
