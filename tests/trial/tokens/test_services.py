"""A token never allows more than its person may do, ends on its day, and is kept as a digest only."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pydantic import TypeAdapter, ValidationError

from tests.trial.records import clinic
from trial.audit.models import AuditEntry
from trial.permissions import Role
from trial.tokens import queries, services
from trial.tokens.forms import in_words
from trial.tokens.models import AccessToken
from trial.tokens.registry import offered_actions
from trial.tokens.schemas import Moment
from trial.tokens.services import TokenRefused
from trial.users.accounts.services import close_account
from trial.users.models import User
from trial.users.second_factor import services as second_factor
from trial.users.services import change_password

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def nurse() -> User:
    return clinic.make_person(clinic.make_site(), Role.NURSE)


def make(actor: User, **changes: Any) -> tuple[AccessToken, str]:
    given = {"name": "monitor", "scopes": ["infusion.record"], "expires_at": NOW + timedelta(days=30), **changes}
    return services.make_token(actor, now=NOW, **given)


def test_only_the_digest_of_a_token_is_kept_and_none_of_it_in_the_trail(nurse: User) -> None:
    row, token = make(nurse)
    assert row.digest == hashlib.sha256(token.encode()).hexdigest()
    entry = AuditEntry.objects.get(table_name="tokens_accesstoken")
    assert token not in (entry.new or "")
    assert row.digest not in (entry.new or "")


def test_a_token_holds_until_its_end_and_not_longer(nurse: User) -> None:
    row, token = make(nurse)
    assert queries.valid_token(token, row.expires_at - timedelta(seconds=1)) == row
    assert queries.valid_token(token, row.expires_at) is None
    assert queries.valid_token(token + "x", NOW) is None
    services.end_token(nurse, row)
    first = services.end_token(nurse, row).ended_at
    assert queries.valid_token(token, NOW) is None
    assert services.end_token(nurse, row).ended_at == first


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scopes": []}, "at least one"),
        ({"scopes": ["everything"]}, "no action everything"),
        ({"scopes": ["reports.order"]}, "roles do not allow reports.order"),
        ({"name": " "}, "what the token is for"),
        ({"expires_at": NOW}, "within a year"),
        ({"expires_at": NOW + timedelta(days=367)}, "within a year"),
    ],
)
def test_a_token_that_cannot_be_is_refused(nurse: User, change: dict[str, Any], words: str) -> None:
    with pytest.raises(TokenRefused, match=words):
        make(nurse, **change)
    assert not AccessToken.objects.exists()


def test_a_token_is_shown_once_and_ended_by_its_person_only(nurse: User) -> None:
    client, page = Client(), reverse("tokens:tokens")
    client.force_login(nurse)
    made = client.post(page, {"name": "monitor", "days": "30", "scopes": ["infusion.record"]}).content.decode()
    assert "k96_" in made
    assert "k96_" not in client.get(page).content.decode()
    token = AccessToken.objects.get()
    stranger = Client()
    stranger.force_login(clinic.make_person(clinic.make_site("L"), Role.NURSE))
    assert stranger.post(reverse("tokens:end", args=[token.pk])).status_code == 404
    assert client.post(reverse("tokens:end", args=[token.pk])).status_code == 302
    token.refresh_from_db()
    assert token.ended_at is not None


def test_the_page_offers_only_what_the_roles_allow_and_some_operation_asks_for(nurse: User) -> None:
    client = Client()
    client.force_login(nurse)
    page = client.get(reverse("tokens:tokens")).content.decode()
    assert 'value="infusion.record"' in page
    assert 'value="reports.read"' not in page
    assert 'value="participants.dispose"' not in page
    refused = client.post(reverse("tokens:tokens"), {"name": "x", "days": "30", "scopes": ["reports.read"]})
    assert refused.status_code == 422


def test_every_scope_is_offered_in_words_beside_its_code() -> None:
    reverse("tokens:tokens")  # the operations say what they ask for when the addresses are loaded
    assert "infusion.record" in offered_actions()
    assert {action for action in offered_actions() if in_words(action) == action} == set()
    assert in_words("infusion.record") == "Record the infusion and the bedside (infusion.record)"


def test_a_token_ends_with_the_password_of_its_account(nurse: User) -> None:
    _, token = make(nurse)
    assert queries.valid_token(token, NOW) is not None
    change_password("system:test", nurse, "another long passphrase")
    assert queries.valid_token(token, NOW) is None
    assert queries.valid_token(make(nurse)[1], NOW) is not None, "the control: a token made after it holds"


def test_a_token_ends_with_the_sessions_of_its_account(nurse: User) -> None:
    _, token = make(nurse)
    administrator = clinic.make_person(nurse.role_assignments.get().site, Role.ADMINISTRATOR)
    second_factor.reset(administrator, nurse, reason="telephone lost")
    assert queries.valid_token(token, NOW) is None
    assert queries.valid_token(make(User.objects.get(pk=nurse.pk))[1], NOW) is not None


def test_a_token_of_a_closed_account_opens_nothing(nurse: User) -> None:
    _, token = make(nurse)
    administrator = clinic.make_person(nurse.role_assignments.get().site, Role.ADMINISTRATOR)
    close_account(administrator, nurse, reason="left the team")
    assert queries.valid_token(token, NOW) is None


@pytest.mark.parametrize(("ahead", "is_taken"), [(timedelta(minutes=1), True), (timedelta(minutes=3), False)])
def test_a_programme_sends_nothing_that_is_still_to_come(ahead: timedelta, is_taken: bool) -> None:
    """Only so much later than the site's clock as another machine's may go."""
    at = (timezone.now() + ahead).isoformat()
    read = TypeAdapter(Moment).validate_python
    if is_taken:
        assert read(at) > timezone.now()
    else:
        with pytest.raises(ValidationError, match="has not come yet"):
            read(at)
