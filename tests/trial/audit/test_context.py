"""Who writes and why: innermost block first, nobody without a name and a reason."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction

from tests.trial.audit import rows
from trial.audit.context import AttributionError, audited, current
from trial.audit.models import AuditEntry
from trial.users.models import User

pytestmark = pytest.mark.django_db


def saved_by() -> str:
    """Save a site and say whom the trail names."""
    rows.make_site().save()
    entry = AuditEntry.objects.order_by("-id")[0]
    return f"{entry.actor}: {entry.reason}"


def fail_after_saving() -> None:
    assert saved_by() == "system:inner: two"
    raise ZeroDivisionError


def test_the_inner_attribution_wins_and_the_outer_returns() -> None:
    with audited("system:outer", "one"):
        assert saved_by() == "system:outer: one"
        with audited("system:inner", "two"):
            assert saved_by() == "system:inner: two"
        assert saved_by() == "system:outer: one"
    assert current() is None
    with pytest.raises(IntegrityError, match="no actor"), transaction.atomic():
        saved_by()


def test_the_outer_attribution_returns_after_a_failed_inner_block() -> None:
    with audited("system:outer", "one"):
        with pytest.raises(ZeroDivisionError), audited("system:inner", "two"):
            fail_after_saving()
        assert saved_by() == "system:outer: one"
    assert not AuditEntry.objects.filter(actor="system:inner").exists()


def test_an_error_of_the_database_inside_a_block_reaches_the_caller_as_it_is() -> None:
    with audited("system:outer", "one"):
        site = rows.make_site()
        site.save()
        twin = rows.make_site()
        twin.code = site.code
        with pytest.raises(IntegrityError, match=r"(?i)unique"), audited("system:inner", "two"):
            twin.save()
        assert saved_by() == "system:outer: one"


def test_a_user_is_named_by_username() -> None:
    with audited(User(username="m.curie"), "  measured again  "):
        assert saved_by() == "m.curie: measured again"


@pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
def test_a_blank_reason_is_refused_before_anything_is_written(reason: str) -> None:
    with pytest.raises(AttributionError, match="gave no reason"), audited("system:test", reason):
        pytest.fail("the block was entered")


@pytest.mark.parametrize(
    "actor",
    ["", "  ", "system:", "system:  ", "m.curie", User(username=""), User(username="system:x"), AnonymousUser()],
    ids=lambda actor: f"{type(actor).__name__} {str(actor)!r}",
)
def test_nobody_and_impostors_are_refused(actor: User | str) -> None:
    with pytest.raises(AttributionError), audited(actor, "why"):
        pytest.fail("the block was entered")
