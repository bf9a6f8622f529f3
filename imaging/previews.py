"""What a previewed file carries to its confirmation, signed: nobody confirms another file or place."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from uuid import UUID, uuid4

from django.core import signing

from imaging import services
from imaging.services import ImportPlan
from trial.records.services import RecordError

SALT = "imaging.preview"
VALID_SECONDS = 3600


class PreviewExpired(RecordError):
    """A confirmation that is too old, or not from a preview of this place."""


@dataclass(frozen=True)
class Preview:
    """A file kept under its hash, the difference that was shown, and where it goes (`place`)."""

    place: str
    sha256: str
    file_name: str
    made_by: str
    fingerprint: str
    key: str

    @property
    def token(self) -> str:
        """The preview as signed text for a hidden field."""
        return signing.dumps(asdict(self), salt=SALT)

    @property
    def once(self) -> UUID:
        """The one-use key of the confirmation."""
        return UUID(self.key)

    def content(self) -> bytes:
        """The bytes that were previewed; raises RecordError where they are gone or changed."""
        return services.kept(self.sha256)


def made(place: str, content: bytes, plan: ImportPlan, *, file_name: str, made_by: str) -> Preview:
    """Keep the bytes and describe the preview."""
    sha256 = services.keep(content)
    return Preview(place, sha256, file_name, made_by, plan.fingerprint, str(uuid4()))


def confirmed(token: str, place: str) -> Preview:
    """The preview of a token made for this place within the last hour; raises PreviewExpired."""
    try:
        preview = Preview(**signing.loads(token, salt=SALT, max_age=VALID_SECONDS))
    except signing.BadSignature as bad:
        raise PreviewExpired("This preview is too old. Choose the file again.") from bad
    if preview.place != place:
        raise PreviewExpired("This preview belongs to another place. Choose the file again.")
    return preview
