"""The form of an instrument, grown from its TOML file: one row of scores per item."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, NamedTuple, cast

from django import forms
from django.utils import timezone

from assessments import queries, services
from assessments.instruments import Instrument
from assessments.instruments.scale import Item
from assessments.interviews.services import Page, submit
from assessments.models import Assessment, Interview
from trial import protocol
from trial.participants.models import Participant, Visit
from trial.records.forms import RecordForm
from trial.records.models import before_contact
from trial.users.models import User

PREFIX = "item_"
MOST_SAVES = 1_000_000
OF_THE_INTERVIEW = ("interview", "page", "turn")


class ItemRow(NamedTuple):
    """One item on the page: its place, its scores, and what is recorded for it."""

    position: int
    item: Item
    field: forms.BoundField
    recorded: int | None

    def scores(self) -> list[tuple[Any, int, str]]:
        """Each radio button with its score and the words for it, if there are any."""
        values = self.item.values
        return [
            (radio, value, self.item.anchors.get(value, "")) for radio, value in zip(self.field, values, strict=True)
        ]


# Django's field takes the type of its rows only in the stubs, not when it runs.
class RaterField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Who rated: mostly the person who enters, whom the gate before the page has already looked up."""

    enterer: User | None = None

    def label_from_instance(self, obj: User) -> str:
        """The name, and whether this person is assigned as rater."""
        return f"{obj.full_name} (assigned rater)" if getattr(obj, "is_assigned", False) else obj.full_name

    def to_python(self, value: Any) -> User | None:
        """The account of an id; the enterer's own is not asked for again. Raises ValidationError for others."""
        if self.enterer is not None and value == str(self.enterer.pk):
            return self.enterer
        return super().to_python(value)


class AssessmentForm(RecordForm[Assessment]):
    """Enter an instrument at a visit, or correct it. Items may stay open if it is said why.

    While it is entered, *begun* is what was answered so far: ``interview`` is the version of it that the page shows (0
    for none), ``page`` the name of the page, by which what it saves itself is known, ``turn`` how often it did.
    """

    occurred_label = "Rated at"
    interview = forms.IntegerField(widget=forms.HiddenInput, required=False)
    page = forms.UUIDField(widget=forms.HiddenInput, required=False)
    turn = forms.IntegerField(widget=forms.HiddenInput, required=False, initial=0, min_value=0, max_value=MOST_SAVES)
    recall_window = forms.ChoiceField(label="Time asked about", required=False)
    missing_reason = forms.CharField(label="Why are items not rated?", max_length=120, required=False)

    class Meta:
        model = Assessment
        fields = ("occurred_at", "mode", "rater")
        field_classes: ClassVar = {"rater": RaterField}

    def __init__(
        self, *args: Any, scale: Instrument, visit: Visit, actor: User, begun: Interview | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.scale, self.visit, self.actor = scale, visit, actor
        self.begun = begun if begun is not None and begun.is_in_progress else None
        rater = cast("RaterField", self.fields["rater"])
        rater.enterer = actor
        former = self.instance if self.is_correction else self.begun
        rater.queryset = queries.raters(visit.participant, visit.opens_at, former.rater if former else None)
        rater.empty_label = None
        self._offer_recall()
        if self.is_correction:
            for name in OF_THE_INTERVIEW:
                del self.fields[name]
        else:
            self._go_on(begun)
        shown = self.begun or self.instance
        for item in scale.items.values():
            self.fields[PREFIX + item.id] = item_field(item)
            self.initial.setdefault(PREFIX + item.id, shown.scores.get(item.id))
        self.initial.setdefault("missing_reason", next(iter(self.instance.missing.values()), ""))

    def _go_on(self, latest: Interview | None) -> None:
        """Start from what was answered so far, or as the protocol foresees the visit."""
        self.initial.update(rater=self.actor.pk, mode=usual_mode(self.visit), page=uuid.uuid4())
        self.initial["interview"] = latest.version if latest is not None else 0
        if self.begun is not None:
            names = ("mode", "occurred_at", "recall_window", "missing_reason")
            self.initial.update({name: getattr(self.begun, name) for name in names}, rater=self.begun.rater_id)

    def _offer_recall(self) -> None:
        if not self.scale.recall_windows:
            del self.fields["recall_window"]
            return
        recall = cast("forms.ChoiceField", self.fields["recall_window"])
        recall.choices = [
            ("", "not stated"),
            *((window, f"last {window}") for window in self.scale.recall_windows),
        ]
        asked = self.instance.recall_window if self.is_correction else queries.recall_of(self.visit)
        self.initial["recall_window"] = asked

    def clean_occurred_at(self) -> Any:
        """A rating lies neither in the future nor in a year before the participant was met."""
        at = self.cleaned_data["occurred_at"]
        if words := before_contact(self.visit.participant, at):
            raise forms.ValidationError(words)
        if at > timezone.now():
            raise forms.ValidationError("This time is still to come. Enter when the rating was done.")
        return at

    def clean(self) -> dict[str, Any]:
        """Ask why items are left open; what is open stays open, nothing is guessed."""
        cleaned = super().clean() or self.cleaned_data
        faulty = {name for name in self.scale.items if PREFIX + name in self.errors}
        still_open = [i.label for i in self.scale.items.values() if i.id not in self.scores() and i.id not in faulty]
        if still_open and not cleaned.get("missing_reason"):
            self.add_error("missing_reason", f"Not rated: {', '.join(still_open)}. Rate them, or say why not.")
        return cleaned

    def scores(self) -> dict[str, int]:
        """The scores chosen, by item id."""
        chosen = {name: self.cleaned_data.get(PREFIX + name) for name in self.scale.items}
        return {name: value for name, value in chosen.items() if value is not None}

    def save_record(self, actor: User, participant: Participant, visit: Visit | None = None, **more: Any) -> Assessment:
        """Record or correct through the services; raises RecordError, ValidationError."""
        cleaned, scores = self.cleaned_data, self.scores()
        values = {
            "scores": scores,
            "missing": {name: cleaned["missing_reason"] for name in self.scale.items if name not in scores},
            "mode": cleaned["mode"],
            "rater": cleaned["rater"],
            "occurred_at": cleaned["occurred_at"],
            "recall_window": cleaned.get("recall_window", ""),
        }
        if self.is_correction:
            version = cleaned["version"] or 0
            return services.correct_assessment(
                actor, self.instance, version=version, reason=cleaned["reason"], **values
            )
        return submit(
            actor,
            participant=participant,
            visit=visit or self.visit,
            page=self.shown_page(),
            instrument=self.scale.id,
            key=cleaned["key"],
            origin="phone" if cleaned["mode"] == Assessment.Mode.PHONE else "form",
            **values,
        )

    def given_scores(self) -> dict[str, int]:
        """The scores that were sent, whether or not the form is right as a whole."""
        self.is_valid()
        return self.scores()

    def shown_page(self) -> Page:
        """The page, and the version of the interview that it shows."""
        name, version, turn = (self.cleaned_data.get(name) for name in ("page", "interview", "turn"))
        return Page(name or uuid.uuid4(), version or 0, turn or 0)

    def answers(self) -> dict[str, Any]:
        """What is answered so far, without what cannot be right yet; `faulty` names that.

        Raises AssessmentRefused for a page that does not say which one it is.
        """
        self.is_valid()
        if not self.cleaned_data.get("page"):
            raise services.AssessmentRefused("The page was not sent whole. Reload it and look at what it shows.")
        names = ("occurred_at", "mode", "rater", "recall_window")
        frame = {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}
        # That a reason is missing is said when it is submitted.
        why = str(self.data.get("missing_reason", "")).strip()
        if "missing_reason" in self.cleaned_data or not why:
            frame["missing_reason"] = why
        return {**frame, "scores": self.scores(), "page": self.shown_page()}

    def faulty(self) -> dict[str, str]:
        """What could not be kept so far and why, by the field's label; that items are open is no fault yet."""
        return {
            str(self[name].label): " ".join(map(str, errors))
            for name, errors in self.errors.items()
            if name in self.fields and (name != "missing_reason" or str(self[name].data or "").strip())
        }

    def item_rows(self) -> list[ItemRow]:
        """The items in their order, for the page."""
        recorded = self.instance.scores
        return [
            ItemRow(position, item, self[PREFIX + item.id], recorded.get(item.id))
            for position, item in enumerate(self.scale.items.values(), start=1)
        ]

    def frame_fields(self) -> list[forms.BoundField]:
        """What stands above the items: when, how, who, and over which time."""
        return [self[name] for name in ("occurred_at", "mode", "rater", "recall_window") if name in self.fields]


def item_field(item: Item) -> forms.TypedChoiceField:
    """The scores of an item as radio buttons, with the words that may be shown."""
    choices = [(value, f"{value} {item.anchors.get(value, '')}".strip()) for value in item.values]
    return forms.TypedChoiceField(
        label=item.label,
        choices=choices,
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )


def usual_mode(visit: Visit) -> str:
    """How the protocol foresees the visit: in person or by phone."""
    foreseen = protocol.for_version(visit.protocol_version).visits.get(visit.code)
    is_phone = foreseen is not None and foreseen.mode == "phone"
    return Assessment.Mode.PHONE if is_phone else Assessment.Mode.IN_PERSON
