"""Addresses of this app."""

from __future__ import annotations

from django.urls import path

from reports import views

app_name = "reports"
urlpatterns = [
    path("", views.report_list, name="list"),
    path("order/", views.order, name="order"),
    path("<uuid:report_id>/", views.detail, name="detail"),
    path("<uuid:report_id>/progress/", views.progress, name="progress"),
    path("<uuid:report_id>/read/", views.read, name="read"),
    path("<uuid:report_id>/read/figures/<int:figure>/", views.figure, name="figure"),
    path("<uuid:report_id>/pdf/", views.pdf, name="pdf"),
    path("<uuid:report_id>/results/", views.results, name="results"),
]
