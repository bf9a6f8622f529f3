"""A handful of queries in the practice ward, so that a work list has something on it."""

from __future__ import annotations

from django.db.models import Model

from assessments.models import Assessment
from infusion.models import Vitals
from reports.cohort.scene import Scene, key_of
from trial.monitoring import services


def ask(scene: Scene, subject: Model | None, what: str, question: str, *, answered: str = "") -> None:
    """The monitor asks about a record of the scene, where there is one; the coordinator may have answered."""
    if subject is None:
        return
    label = scene.patient.label
    query = services.raise_query(
        scene.people["monitor"], subject=subject, question=question, key=key_of(label, "query", what)
    )
    if answered:
        key = key_of(label, "answer", what)
        services.answer(scene.people["coordinator"], query, version=query.version, words=answered, key=key)


def monitored(scene: Scene) -> None:
    """One query open and one answered about the patient's ratings and vital signs."""
    mine = {"participant": scene.participant}
    ask(
        scene,
        Assessment.objects.filter(**mine, instrument="madrs").order_by("occurred_at").first(),
        "rating",
        "The source has two sheets for this rating. Which one was entered?",
    )
    ask(
        scene,
        Vitals.objects.filter(**mine).order_by("occurred_at").first(),
        "vital signs",
        "Which arm was measured? The source does not say.",
        answered="The left one; the ward's sheet says so on its first page.",
    )
