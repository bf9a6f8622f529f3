"""The forms of the delegation log and of training: shape only, no judgement."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast
from uuid import UUID

from django import forms

from trial import protocol
from trial.permissions import Role
from trial.users.accounts.forms import PlainForm, day_field
from trial.users.delegation import queries
from trial.users.delegation.rules import OTHER_TOPICS, protocol_topic
from trial.users.models import RoleAssignment, Site, User


# Django's field takes the type of its rows only in the stubs, not when it runs.
class HeldRoleField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A person in a role at a site."""

    def label_from_instance(self, obj: RoleAssignment) -> str:
        """The person, the role and the site in words."""
        return f"{obj.user.full_name} as {obj.get_role_display().lower()} at {obj.site.code}"


class DelegationForm(PlainForm):
    """To whom, which duties, from when to when."""

    held = HeldRoleField(RoleAssignment.objects.none(), label="Person and role", empty_label="choose …")
    duties = forms.CharField(
        label="Duties",
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Leave empty for the usual duties of the role, which the log prints.",
    )
    starts_on = day_field("First day")
    ends_on = day_field("Last day", required=False, help_text="Leave empty while no end is planned.")

    def __init__(self, *args: Any, sites: Collection[UUID], actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("HeldRoleField", self.fields["held"]).queryset = queries.delegable(sites, actor)
        first = Site.objects.filter(pk__in=sites).order_by("code").first()
        if first is not None:
            self.initial.setdefault("starts_on", first.today)

    def values(self) -> dict[str, Any]:
        """The cleaned values as the service takes them."""
        held: RoleAssignment = self.cleaned_data["held"]
        days = {name: self.cleaned_data[name] for name in ("starts_on", "ends_on", "duties")}
        return {"user": held.user, "site": held.site, "role": Role(held.role), **days}


class TrainingForm(PlainForm):
    """Who was trained in what, when, and until when it is good."""

    site = forms.ModelChoiceField(Site.objects.none(), empty_label=None)
    user = forms.ModelChoiceField(User.objects.none(), label="Person", empty_label="choose …")
    topic = forms.ChoiceField()
    trained_on = day_field("Trained on")
    valid_until = day_field("Good until", required=False, help_text="Leave empty when it does not lapse.")

    def __init__(self, *args: Any, sites: Collection[UUID], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = Site.objects.filter(pk__in=sites).order_by("code")
        cast("forms.ModelChoiceField[Site]", self.fields["site"]).queryset = offered
        cast("forms.ModelChoiceField[User]", self.fields["user"]).queryset = queries.staff_of(sites)
        topics = [*(protocol_topic(version) for version in protocol.versions()), *OTHER_TOPICS]
        cast("forms.ChoiceField", self.fields["topic"]).choices = [("", "choose …"), *((name, name) for name in topics)]
