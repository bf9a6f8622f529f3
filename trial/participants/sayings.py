"""What the screening forms say on the criteria that a psychiatrist judges, and whether a finding goes against it."""

from __future__ import annotations

from typing import Any, NamedTuple

from trial.participants.models import (
    CriterionJudgement,
    Diagnosis,
    DrugTest,
    Electrocardiogram,
    Laboratory,
    MedicalHistory,
    MriSafety,
    Participant,
    PhysicalExamination,
    PregnancyTest,
)
from trial.records.models import ClinicalRecord
from trial.rules.eligibility import Answer


class Speaks(NamedTuple):
    """A field of a form: the criterion it is about, and which of its answers stand in the way or clear it.

    An answer in neither set leaves the criterion open; one in ``unsaid`` is not worth a word beside it.
    """

    criterion: str
    field: str
    fails: frozenset[str] = frozenset()
    passes: frozenset[str] = frozenset()
    unsaid: frozenset[str] = frozenset()


YES, NO = frozenset({"yes"}), frozenset({"no"})


def _finding(field: str) -> Speaks:
    """An examiner's reading: only what is abnormal is told, only what is significant stands in the way."""
    return Speaks("medical_abnormality", field, frozenset({"significant"}), unsaid=frozenset({"normal", "not_done"}))


SPEAKING: dict[type[ClinicalRecord], tuple[Speaks, ...]] = {
    Diagnosis: (
        Speaks("depression", "major_depression", NO, YES),
        Speaks("recurrent_severe", "recurrent", NO, YES),
        Speaks("recurrent_severe", "severe", NO, YES),
        Speaks("psychosis", "psychotic_features", YES, NO),
        Speaks("bipolar_or_schizophrenia", "bipolar", YES, NO),
        Speaks("bipolar_or_schizophrenia", "schizophrenia_spectrum", YES, NO),
        Speaks("substance_use", "substance_use", YES, NO),
        Speaks("ketamine_or_pcp_use", "ketamine_pcp_use", YES, NO),
        Speaks("personality_disorder", "personality_disorder", YES, NO),
    ),
    MedicalHistory: (
        Speaks("clonidine_intolerance", "clonidine_intolerance", YES, NO),
        Speaks("medical_abnormality", "significant_illness", YES, NO),
        Speaks("uncontrolled_hypertension", "uncontrolled_hypertension", YES, NO),
        Speaks("heart_block", "heart_block", YES, NO),
        Speaks("raised_pressure", "raised_pressure", YES, NO),
        Speaks("liver_disease", "liver_disease", YES, NO),
    ),
    PhysicalExamination: tuple(_finding(name) for name in PhysicalExamination.FINDINGS),
    Electrocardiogram: (_finding("finding"),),
    Laboratory: tuple(_finding(name) for name in ("blood_count", "chemistry", "liver", "thyroid")),
    DrugTest: (
        Speaks("substance_use", "result", frozenset({"positive"})),
        Speaks("substance_use", "substances"),
    ),
    PregnancyTest: (
        Speaks("pregnancy", "result", frozenset({"positive"}), frozenset({"negative", "not_applicable"})),
        Speaks("pregnancy", "breast_feeding", YES, NO),
        Speaks("contraception", "contraception", NO, YES),
    ),
    MriSafety: (
        Speaks("mri_contraindication", "implant", YES),
        Speaks("mri_contraindication", "metal_fragment", YES),
        Speaks("mri_contraindication", "claustrophobia"),
        Speaks("mri_contraindication", "cleared", NO, YES),
        Speaks("mri_contraindication", "comment"),
    ),
}


class Saying(NamedTuple):
    """What the latest forms say on one criterion: in words, and as an answer where they are clear."""

    words: str
    answer: Answer | None


def sayings(participant: Participant) -> dict[str, Saying]:
    """What is recorded on each criterion, by its id; a criterion on which nothing is recorded is absent."""
    heard: dict[str, list[tuple[Speaks, str, str]]] = {}
    for model, fields in SPEAKING.items():
        rows = model._default_manager.filter(participant=participant).order_by("-occurred_at", "-entered_at")
        row = rows.first()
        for one in fields if row is not None else ():
            value = getattr(row, one.field)
            heard.setdefault(one.criterion, []).append((one, value, _words(row, one, value)))
    said = {criterion: [part for *_, part in parts if part] for criterion, parts in heard.items()}
    return {
        criterion: Saying("; ".join(said[criterion]), _answer([(one, value) for one, value, _ in parts]))
        for criterion, parts in heard.items()
        if said[criterion]
    }


def _words(row: Any, one: Speaks, value: str) -> str:
    """A field's label and answer; nothing for an empty one."""
    if not value or value in one.unsaid:
        return ""
    shown = getattr(row, f"get_{one.field}_display", None)
    return f"{row._meta.get_field(one.field).verbose_name}: {shown() if shown else value}"


def _answer(parts: list[tuple[Speaks, str]]) -> Answer | None:
    """One answer that stands in the way decides; the criterion is cleared only where all that can clear it do."""
    if any(value in one.fails for one, value in parts):
        return "fail"
    clearing = [value in one.passes for one, value in parts if one.passes]
    return "pass" if clearing and all(clearing) else None


def goes_against(verdict: str, saying: Saying | None) -> bool:
    """Whether a clear finding is the opposite of what the screening clearly says."""
    return saying is not None and saying.answer is not None and verdict in {"pass", "fail"} - {saying.answer}


def is_unanswered(found: CriterionJudgement | None, saying: Saying | None) -> bool:
    """Whether a finding goes against what the screening says now, and was made without knowing it."""
    if found is None or saying is None:
        return False
    return goes_against(found.verdict, saying) and found.against_screening != saying.words
