"""What two screening forms of one person cannot both say; the refusal names both forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db.models import Max, Q

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
    checks = CHECKS.get(type(record), ())
    person = record if isinstance(record, Demographics) else _demographics(participant) if checks else None
    if person is None:
        return
    for check in checks:
        for words in check(participant, person):
            raise RecordError(f"{words} {BOTH}")


def _demographics(participant: Participant) -> Demographics | None:
    return Demographics.objects.filter(participant=participant).first()


def _male_and_pregnant(participant: Participant, person: Demographics) -> Iterator[str]:
    if person.sex != Demographics.Sex.MALE:
        return
    is_female = Q(result=PregnancyTest.Result.POSITIVE) | Q(breast_feeding=Presence.YES)
    for row in PregnancyTest.objects.filter(is_female, participant=participant):
        said = "a positive pregnancy test" if row.result == PregnancyTest.Result.POSITIVE else "breast-feeding"
        yield f"Demographics says the participant is male, and Pregnancy and contraception says {said}."


def _longer_than_life(participant: Participant, person: Demographics) -> Iterator[str]:
    told = Participant.objects.filter(pk=participant.pk).aggregate(
        onset=Max("psychiatrichistory_set__age_at_onset"), weeks=Max("diagnosis_set__episode_weeks")
    )
    onset, weeks, age = told["onset"] or 0, told["weeks"] or 0, person.age_years
    if onset > age:
        yield f"Demographics says age {age}, and Psychiatric history says a first episode at age {onset}."
    if weeks > age * WEEKS_A_YEAR:
        years = weeks // WEEKS_A_YEAR
        yield f"Demographics says age {age}, and Diagnosis says an episode of {weeks} weeks ({years} years)."


Check = Callable[[Participant, Demographics], Iterator[str]]
CHECKS: dict[type[ClinicalRecord], tuple[Check, ...]] = {
    Demographics: (_male_and_pregnant, _longer_than_life),
    PregnancyTest: (_male_and_pregnant,),
    PsychiatricHistory: (_longer_than_life,),
    Diagnosis: (_longer_than_life,),
}
