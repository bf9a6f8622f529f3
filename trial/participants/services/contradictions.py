"""What two screening forms of one person cannot both say; the refusal names both forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Q

from trial.participants.models import (
    Demographics,
    Diagnosis,
    Participant,
    PregnancyTest,
    Presence,
    PsychiatricHistory,
)
from trial.records.models import ClinicalRecord
from trial.records.services import RecordError

WEEKS_A_YEAR = 52
BOTH = "Both cannot be: correct one of the two forms."


def refuse_contradiction(participant: Participant, record: ClinicalRecord) -> None:
    """Refuse a record, just saved in the open transaction, that another form contradicts; raises RecordError."""
    for check in CHECKS.get(type(record), ()):
        for words in check(participant):
            raise RecordError(f"{words} {BOTH}")


def _male_and_pregnant(participant: Participant) -> Iterator[str]:
    if not Demographics.objects.filter(participant=participant, sex=Demographics.Sex.MALE).exists():
        return
    is_female = Q(result=PregnancyTest.Result.POSITIVE) | Q(breast_feeding=Presence.YES)
    for row in PregnancyTest.objects.filter(is_female, participant=participant):
        said = "a positive pregnancy test" if row.result == PregnancyTest.Result.POSITIVE else "breast-feeding"
        yield f"Demographics says the participant is male, and Pregnancy and contraception says {said}."


def _older_at_onset(participant: Participant) -> Iterator[str]:
    if (age := _age(participant)) is not None:
        for onset in _values(PsychiatricHistory, participant, "age_at_onset"):
            if onset > age:
                yield f"Demographics says age {age}, and Psychiatric history says a first episode at age {onset}."


def _episode_longer_than_life(participant: Participant) -> Iterator[str]:
    if (age := _age(participant)) is not None:
        for weeks in _values(Diagnosis, participant, "episode_weeks"):
            if weeks > age * WEEKS_A_YEAR:
                years = weeks // WEEKS_A_YEAR
                yield f"Demographics says age {age}, and Diagnosis says an episode of {weeks} weeks ({years} years)."


def _age(participant: Participant) -> int | None:
    return Demographics.objects.filter(participant=participant).values_list("age_years", flat=True).first()


def _values(model: type[Any], participant: Participant, field: str) -> list[int]:
    rows = model.objects.filter(participant=participant, **{f"{field}__isnull": False})
    return list(rows.values_list(field, flat=True))


Check = Callable[[Participant], Iterator[str]]
CHECKS: dict[type[ClinicalRecord], tuple[Check, ...]] = {
    Demographics: (_male_and_pregnant, _older_at_onset, _episode_longer_than_life),
    PregnancyTest: (_male_and_pregnant,),
    PsychiatricHistory: (_older_at_onset,),
    Diagnosis: (_episode_longer_than_life,),
}
