"""Two people on one record: what stood, what the other saved and what was typed, side by side on the form.

The form that answers shows the record as it is saved now, with the typed text in every field that its author
changed, at the new version and under a fresh key. Where both changed a field, its author has to choose.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from uuid import UUID

from django import forms

from trial.audit import past
from trial.records.models import Record
from trial.users.models import User

# Names of the fields that the conflict adds to a form.
BASE, TYPED, SIDE = "conflict.base", "conflict.typed.", "conflict.side."
MINE, THEIRS = "mine", "theirs"
NOTHING = "none"


class Value(NamedTuple):
    """A field's value: as it is read, and as its control holds it."""

    words: str
    control: str


class Difference(NamedTuple):
    """One field on which the three sides are not agreed; ``side`` is the choice that stands, empty for none yet."""

    name: str
    label: str
    opened: Value
    saved: Value
    typed: Value
    side: str

    @property
    def is_agreed(self) -> bool:
        """Whether both say the same now."""
        return self.saved.words == self.typed.words

    @property
    def is_fact(self) -> bool:
        """Whether the form does not ask it, so that nothing is chosen."""
        return not self.name

    @property
    def is_undecided(self) -> bool:
        """Whether both changed it and its author has not chosen yet."""
        return not self.side and not self.is_agreed


class Save(NamedTuple):
    """A save since the form was opened: by whom, when (UTC), and why."""

    name: str
    at: datetime
    reason: str


@dataclass(frozen=True)
class Conflict:
    """What the page shows: the state the form was opened at, who saved since, and where the sides differ."""

    base: str
    saves: list[Save]
    differences: list[Difference]

    @property
    def undecided(self) -> list[Difference]:
        """The fields that both changed and that wait for a choice."""
        return [one for one in self.differences if one.is_undecided]


@dataclass(frozen=True)
class Opened:
    """What a form was opened about: *find* the record as it is now, *make* an unbound form that shows a record.

    ``also`` names what the form does not ask but a reader of the conflict has to know, in words; ``apart`` the fields
    of which the record knows nothing.
    """

    find: Callable[[], Any]
    make: Callable[[Any], Any]
    children: Collection[str] = ()
    also: Callable[[Any], Mapping[str, str]] = lambda _: {}
    apart: Collection[str] = ()

    def token(self, form: Any) -> str:
        """The state that a form was opened at: the version that it carries."""
        return str(number(form.data.get("version")))

    def is_current(self, current: Any, form: Any) -> bool:
        """Whether a form was opened at the record as it is now."""
        return str(current.version) == self.token(form)

    def stood(self, current: Any, token: str) -> Any:
        """The record as it stood at a state; None where it did not exist."""
        return past.as_it_stood(type(current), current.pk, number(token), self.children)

    def saves(self, current: Any, token: str) -> list[Save]:
        """Who saved the record since."""
        return saves_since(type(current), current.pk, number(token))

    def names(self, shown: Any, form: Any) -> list[str]:
        """The fields that hold values of the record: all that a reader sees but the reason and who sends it."""
        apart = {form.why, *form.aside, *self.apart}
        return [one.name for one in shown.visible_fields() if one.name not in apart and one.name in form.fields]


class Succession(Opened):
    """A form that adds the next of a series, such as a status: *find* gives the latest, ``seen`` names the opened."""

    def token(self, form: Any) -> str:
        return str(form.data.get("seen", ""))

    def is_current(self, current: Any, form: Any) -> bool:
        return str(current.pk) == self.token(form)

    def stood(self, current: Any, token: str) -> Any:
        try:
            pk = UUID(token)
        except ValueError:
            return None
        return type(current)._default_manager.filter(pk=pk, participant_id=current.participant_id).first()

    def saves(self, current: Any, token: str) -> list[Save]:
        return [Save(current.entered_by.full_name, current.entered_at, current.explanation)]


def opened(row: Record, make: Callable[[Any], Any], children: Collection[str] = (), **more: Any) -> Opened:
    """What a form about a known row corrects."""
    return Opened(lambda: type(row)._default_manager.get(pk=row.pk), make, children, **more)


def answer(form: Any, about: Opened) -> Any:
    """The form to show after a stale save; None where there is no record to compare with."""
    current = about.find()
    if current is None:
        return None
    shown = about.make(current)
    typed = {name: form[name].data for name in about.names(shown, form)}
    found = compare(form, about, current, str(form.data.get(BASE) or about.token(form)), typed)
    theirs = {one.name for one in found.differences if one.side == THEIRS}
    own = [bound.name for bound in shown.visible_fields() if bound.name in form.fields and bound.name not in theirs]
    shown.initial.update({name: form[name].data for name in own})
    shown.conflict, shown.refusal = found, form.refusal
    return shown


def kept(form: Any, about: Opened) -> Conflict | None:
    """The conflict that a form sent again still carries; None without one, and when somebody saved again."""
    current = about.find() if BASE in form.data else None
    if current is None or not about.is_current(current, form):
        return None
    names = [name for name in about.names(form, form) if TYPED + name in form.data]
    typed = {name: form.data[TYPED + name] for name in names}
    return compare(form, about, current, str(form.data[BASE]), typed, is_chosen=True)


def compare(
    form: Any, about: Opened, current: Any, base: str, typed: Mapping[str, Any], *, is_chosen: bool = False
) -> Conflict:
    """Where the record at state *base*, the record now and the typed values differ, with the choices sent if any."""
    before = about.stood(current, base)
    was, now, own = (None if before is None else about.make(before)), about.make(current), about.make(current)
    own.initial.update(typed)
    differences = []
    for name in typed:
        stood, saved, mine = (value_of(side, name) for side in (was, now, own))
        # What was not there when the form was opened is told only where the two differ now.
        if len({stood.words, saved.words, mine.words} if was is not None else {saved.words, mine.words}) > 1:
            side = form.data.get(SIDE + name, "") if is_chosen else usual_side(stood, saved, mine)
            differences.append(Difference(name, str(now[name].label), stood, saved, mine, side))
    known = about.also(before) if before is not None else {}
    for label, words in about.also(current).items():
        if known.get(label, NOTHING) != words:
            differences.append(fact(label, known.get(label, NOTHING), words))
    return Conflict(base, about.saves(current, base), differences)


def fact(label: str, was: str, now: str) -> Difference:
    """Something saved meanwhile that the form does not ask."""
    return Difference("", label, Value(was, ""), Value(now, ""), Value("", ""), THEIRS)


def usual_side(was: Value, now: Value, own: Value) -> str:
    """Theirs where the author changed nothing, mine where only the author did; where both did, none."""
    if own.words in (was.words, now.words):
        return THEIRS
    return MINE if was.words == now.words else ""


def saves_since(model: type[Record], pk: Any, version: int) -> list[Save]:
    """Who saved the record since it was at a version, by full name."""
    found = past.saves_after(model, pk, version)
    people = User.objects.filter(username__in={save.actor for save in found})
    names = {person.username: person.full_name for person in people}
    return [Save(names.get(save.actor, save.actor), save.at, save.reason) for save in found]


def value_of(form: Any, name: str) -> Value:
    """A field's value on an unbound form; nothing where there is no form, or it does not ask that."""
    if form is None or name not in form.fields:
        return Value(NOTHING, "")
    return Value(in_words(form[name]), control_value(form[name]))


def control_value(bound: forms.BoundField) -> str:
    """A field's value as its control holds it; a ticked box is "on"."""
    widget, value = bound.field.widget, bound.value()
    if isinstance(widget, forms.CheckboxInput):
        return "on" if widget.check_test(value) else ""
    shown: Any = widget.format_value(getattr(value, "pk", value))
    if isinstance(shown, list):
        shown = shown[0] if shown else ""
    return "" if shown is None else str(shown)


def in_words(bound: forms.BoundField) -> str:
    """A field's value as it is read on the page."""
    value = getattr(bound.value(), "pk", bound.value())
    if isinstance(bound.field, forms.BooleanField):
        return "yes" if value not in (None, "", False) else "no"
    if value is None or value == "":
        return NOTHING
    if isinstance(bound.field, forms.ChoiceField):
        return next((str(label) for code, label in flat(bound.field.choices) if str(code) == str(value)), str(value))
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(bound.field, forms.DateTimeField):
        return str(value).replace("T", " ")
    is_text = isinstance(bound.field, forms.CharField) and "inputmode" not in bound.field.widget.attrs
    return str(value).strip() if is_text else plain(str(value).strip())


def flat(choices: Any) -> list[tuple[Any, Any]]:
    """Codes and labels of a field's choices, those of groups included."""
    pairs: list[tuple[Any, Any]] = []
    for code, label in choices:
        pairs += label if isinstance(label, (list, tuple)) else [(code, label)]
    return pairs


def plain(text: str) -> str:
    """A number without trailing zeros; any other text as it is."""
    try:
        number = f"{Decimal(text):f}"
    except InvalidOperation:
        return text
    return number.rstrip("0").rstrip(".") if "." in number else number


def number(text: Any) -> int:
    """A version that a form carries; 0 for none."""
    return int(text) if isinstance(text, int) or (str(text).isascii() and str(text).isdecimal()) else 0
