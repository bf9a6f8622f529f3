"""Who consents again after an amendment, and who may be moved to it; by the second version of the protocol."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from trial import protocol
from trial.rules.amendments import Phase, Standing, has_reconsented, judge_move, must_reconsent, phase_of

V1, V2 = protocol.for_version("ketamine_96h_v1"), protocol.for_version("ketamine_96h_v2")
CHICAGO = ZoneInfo("America/Chicago")
# The second version takes effect on 1 November 2026, which begins at 05:00 UTC in Chicago (summer time ends that day).
EFFECTIVE = datetime(2026, 11, 1, 5, tzinfo=UTC)
CONSENTED = datetime(2026, 9, 1, 15, tzinfo=UTC)
AFTER = EFFECTIVE + timedelta(days=3)
FOLLOWED = Standing("ketamine_96h_v1", "follow_up", has_left=False, consented_at=CONSENTED, reconsented_at=None)


def why(standing: Standing, at: datetime = AFTER, to: protocol.Protocol = V2) -> str:
    return judge_move(to, standing, at, CHICAGO).why


@pytest.mark.parametrize(
    ("eligible", "started", "ended", "phase"),
    [
        (None, None, None, "screening"),
        (False, None, None, "screening"),
        (True, None, None, "before_infusion"),
        (True, CONSENTED, None, "during_infusion"),
        (True, CONSENTED, AFTER, "follow_up"),
    ],
)
def test_a_phase_follows_from_decision_and_infusion(
    eligible: bool | None, started: datetime | None, ended: datetime | None, phase: Phase
) -> None:
    assert phase_of(is_eligible=eligible, started_at=started, ended_at=ended) == phase


def test_only_the_phases_that_an_amendment_names_consent_again() -> None:
    phases: tuple[Phase, ...] = ("screening", "before_infusion", "during_infusion", "follow_up")
    assert [must_reconsent(V2, phase) for phase in phases] == [True, True, False, False]
    assert not any(must_reconsent(V1, phase) for phase in phases)


def test_whoever_is_followed_up_may_be_moved_without_a_renewed_consent() -> None:
    assert judge_move(V2, FOLLOWED, AFTER, CHICAGO).ok


def test_a_move_holds_from_the_first_moment_of_the_day_at_the_site_and_not_before() -> None:
    assert judge_move(V2, FOLLOWED, EFFECTIVE, CHICAGO).ok
    assert "takes effect on 2026-11-01" in why(FOLLOWED, EFFECTIVE - timedelta(seconds=1))


def test_in_screening_the_renewed_consent_comes_first() -> None:
    screened = replace(FOLLOWED, phase="screening")
    assert "renewed consent" in why(screened)
    assert "renewed consent" in why(replace(screened, reconsented_at=EFFECTIVE - timedelta(seconds=1)))
    assert judge_move(V2, replace(screened, reconsented_at=EFFECTIVE), AFTER, CHICAGO).ok


def test_a_move_cannot_hold_from_before_the_renewed_consent() -> None:
    signed = replace(FOLLOWED, phase="before_infusion", reconsented_at=AFTER)
    assert judge_move(V2, signed, AFTER, CHICAGO).ok
    assert "before the renewed consent" in why(signed, AFTER - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"consented_at": None}, "No consent"),
        ({"has_left": True}, "has left the trial"),
        ({"phase": "during_infusion"}, "after its end"),
        ({"bound": "ketamine_96h_v2"}, "bound to ketamine_96h_v2"),
    ],
)
def test_a_move_is_refused_with_its_reason(change: dict[str, object], words: str) -> None:
    assert words in why(replace(FOLLOWED, **change))  # type: ignore[arg-type]


def test_nobody_is_moved_to_the_first_version() -> None:
    assert "first version" in why(FOLLOWED, to=V1)
    assert not has_reconsented(V1, replace(FOLLOWED, reconsented_at=AFTER), CHICAGO)
