"""What alerts and deviations share: a page names them by their visit."""

from __future__ import annotations

from trial.participants.queries import protocol_of
from trial.records.models import ClinicalRecord


class AtVisit(ClinicalRecord):
    """A record that a page names by its visit; its moment is that of what it is about."""

    may_precede_contact = True

    class Meta(ClinicalRecord.Meta):
        abstract = True

    @property
    def visit_label(self) -> str:
        """The visit's name in the protocol of the participant; empty for a record of no visit."""
        return protocol_of(self.participant).visits[self.visit.code].label if self.visit else ""
