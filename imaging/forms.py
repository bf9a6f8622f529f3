"""Forms of sessions and of files: shape only."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from imaging import queries, services
from imaging.formats.problems import MOST_BYTES
from imaging.models import ImagingSession
from trial.participants.models import Participant
from trial.records.forms import RecordForm, css_class
from trial.records.saving import SavedForm
from trial.users.models import Site, User


class SessionForm(RecordForm[ImagingSession]):
    """Record a scan session, or correct when and where it was."""

    occurred_label = "Scanned at"

    class Meta:
        model = ImagingSession
        fields = ("occurred_at", "timepoint", "scanner", "is_usable", "exclusion_reason")

    def __init__(self, *args: Any, participant: Participant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.participant = participant
        if self.is_correction:
            for name in ("timepoint", "is_usable", "exclusion_reason"):
                del self.fields[name]
            return
        # Sent, it may name a session recorded a moment ago, by this very form: the service tells which.
        still_open = ImagingSession.Timepoint.values if self.is_bound else queries.timepoints_open(participant)
        labels = dict(ImagingSession.Timepoint.choices)
        timepoint = cast("forms.ChoiceField", self.fields["timepoint"])
        timepoint.choices = [(name, labels[ImagingSession.Timepoint(name)]) for name in still_open]
        self.fields["exclusion_reason"].label = "If not usable: why"

    def clean_occurred_at(self) -> datetime:
        """A scan cannot lie in the future."""
        at: datetime = self.cleaned_data["occurred_at"]
        if at > timezone.now():
            raise forms.ValidationError("This time is still to come. Enter when the scan was done.")
        return at

    def clean(self) -> dict[str, Any]:
        """An unusable session says why."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.is_correction and not cleaned.get("is_usable") and not cleaned.get("exclusion_reason"):
            self.add_error("exclusion_reason", "Say why the session is not usable.")
        return cleaned

    def save_record(self, actor: User, participant: Any, visit: Any = None, **more: Any) -> ImagingSession:
        """Record or correct through the services; raises RecordError, ValidationError."""
        cleaned = self.cleaned_data
        if self.is_correction:
            return services.correct_session(
                actor,
                self.instance,
                version=cleaned["version"] or 0,
                reason=cleaned["reason"],
                occurred_at=cleaned["occurred_at"],
                scanner=cleaned["scanner"],
            )
        values = {name: cleaned[name] for name in self.Meta.fields}
        return services.record_session(actor, participant=participant, key=cleaned["key"], **values)


class StyledForm(SavedForm, forms.Form):
    """A form whose widgets have the classes of the page's style."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", css_class(field.widget))


class UsabilityForm(StyledForm):
    """Exclude a session, or take it back, with the reason."""

    why = ""
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(label="Why?", max_length=200)


class FileForm(StyledForm):
    """A file of numbers and the pipeline that made it."""

    file = forms.FileField(label="File")
    made_by = forms.CharField(label="Made by (pipeline and version)", max_length=120, required=False)

    def clean_file(self) -> UploadedFile[bytes]:
        """Refuse by size before anything is read."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError(f"The file is larger than {MOST_BYTES // 1_000_000} MB; split it.")
        return file


class SiteFileForm(FileForm):
    """A file about many participants of one site."""

    site = forms.ModelChoiceField(Site.objects.none(), empty_label=None)
    field_order = ("site", "file", "made_by")

    def __init__(self, *args: Any, sites: frozenset[UUID], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ModelChoiceField[Site]", self.fields["site"]).queryset = Site.objects.filter(pk__in=sites)
