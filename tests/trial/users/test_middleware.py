"""What every answer carries: nothing is stored, nothing foreign or inline may run, and the frame fits the roles."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client

from tests.trial.records import clinic
from trial.permissions import Role

pytestmark = pytest.mark.django_db


def signed_in(*roles: Role) -> Client:
    client = Client()
    client.force_login(clinic.make_person(clinic.make_site(), *roles))
    return client


@pytest.mark.parametrize("address", ["/sign-in/", "/healthz", "/protocol/", "/nowhere/"])
def test_no_answer_may_be_stored(address: str) -> None:
    for client in (Client(), signed_in(Role.NURSE)):
        said = client.get(address)["Cache-Control"]
        assert {"no-store", "private", "no-cache"} <= set(re.split(r",\s*", said))


@pytest.mark.parametrize("address", ["/sign-in/", "/healthz", "/protocol/", "/nowhere/"])
def test_every_answer_forbids_what_is_inline_or_from_elsewhere(address: str) -> None:
    response = signed_in(Role.NURSE).get(address)
    policy = dict(part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'self'",
        "img-src": "'self' data:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "form-action": "'self'",
    }
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"


def test_files_of_the_pages_carry_the_policy_and_are_for_this_site_alone() -> None:
    response = Client().get("/static/trial/icon.svg")
    assert response.status_code == 200
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in response


@pytest.mark.parametrize(
    "address", ["/participants/%00/", "/participants/?q=%00", "/audit/?actor=a%00b", "/sign-in/?next=%00"]
)
def test_a_nul_byte_in_an_address_is_refused(address: str) -> None:
    response = signed_in(Role.PI).get(address)
    assert response.status_code == 400
    assert "Content-Security-Policy" in response


@pytest.mark.parametrize("charset", ["utf-16", "latin-1"])
def test_a_form_in_another_encoding_is_refused(charset: str) -> None:
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    response = Client(enforce_csrf_checks=True).post("/sign-in/", "username=nora", content_type=kind)
    assert response.status_code == 400


def test_a_form_that_names_its_encoding_is_read() -> None:
    kind = "application/x-www-form-urlencoded; charset=UTF-8"
    response = Client().post("/sign-in/", "username=nora&password=x", content_type=kind)
    assert response.status_code == 422


def test_the_policy_has_no_hole() -> None:
    assert "unsafe" not in str(settings.CONTENT_SECURITY_POLICY)
    assert "http" not in str(settings.CONTENT_SECURITY_POLICY)


def menu(client: Client) -> list[str]:
    page = client.get("/protocol/").content.decode()
    return re.findall(r'<a class="(?:nav-link|dropdown-item)[^"]*"[^>]*>([^<]+)</a>', page)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Role.NURSE, ["Today", "Participants", "Safety", "Queries", "Imaging", "Protocol", "Delegation"]),
        (Role.IMAGING_ANALYST, ["Today", "Participants", "Queries", "Imaging", "Protocol", "Delegation"]),
        (Role.ADMINISTRATOR, ["Today", "Protocol", "Delegation", "Accounts"]),
        (
            Role.PI,
            [
                *("Today", "Participants", "Safety", "Queries", "Imaging", "Reports", "Locks", "Protocol"),
                *("Audit trail", "Delegation", "Accounts"),
            ],
        ),
    ],
)
def test_the_menu_shows_what_the_roles_allow(role: Role, expected: list[str]) -> None:
    assert menu(signed_in(role)) == expected


def test_who_is_not_signed_in_sees_no_menu_but_the_mode_of_the_site() -> None:
    page = Client().get("/sign-in/").content.decode()
    assert "nav-link" not in page
    assert "Demo site" in page
