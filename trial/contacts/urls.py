"""Addresses of contact details."""

from __future__ import annotations

from django.urls import path

from trial.contacts import views

app_name = "contacts"
urlpatterns = [
    path("", views.search, name="search"),
    path("accesses/", views.accesses, name="accesses"),
    path("accesses/open/", views.open_accesses, name="open_accesses"),
    path("accesses/<uuid:pk>/review/", views.review, name="review"),
    path("<str:study_id>/", views.contact, name="contact"),
    path("<str:study_id>/edit/", views.edit, name="edit"),
    path("<str:study_id>/break-glass/", views.break_glass, name="break_glass"),
    path("<str:study_id>/erase/", views.erase, name="erase"),
]
