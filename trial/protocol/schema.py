"""The types of a protocol. Every number is a `Value`: it knows its unit, source and status.

Field names are the keys of the TOML file, so `protocol.titration.start.rate` is
`titration.start.rate` there. Tables of tables are read-only mappings in the order of the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from typing import Literal

from trial.protocol.reader import Key
from trial.protocol.treatment import (
    Anchor,
    ClonidinePlan,
    InfusionPlan,
    Labelled,
    Limit,
    Serum,
    SideEffects,
    TitrationPlan,
    VitalSigns,
)
from trial.protocol.values import Clock, Codes, Count, Day, Number, Numbers, Switch, Text, Value

Mode = Literal["in person", "phone"]
Schedule = Literal["clinic", "phone", "imaging"]
Population = Literal["patient", "control"]


@dataclass(frozen=True)
class Trial:
    """What the trial is called, which version this one amends, and how many it enrols."""

    id: str
    amends: str | None
    title: Text
    version: Text
    registration: Text
    design: Text
    enrolment_target: Count
    control_target: Count


@dataclass(frozen=True)
class Amendment:
    """What a later version changes, from which day at the site, and who then consents again (`checks.PHASES`)."""

    summary: Text
    effective_on: Day
    reconsent: Codes


@dataclass(frozen=True)
class Criterion:
    """An entry criterion; thresholds only where it is judged by a number (see `checks.THRESHOLDS`)."""

    id: Key
    kind: Literal["inclusion", "exclusion"]
    judged_by: Literal["automatic", "psychiatrist"]
    text: Text
    least: Number | None
    most: Number | None
    below: Number | None
    within: Number | None


@dataclass(frozen=True)
class Visit:
    """When a visit is due and what is done there.

    offset in d without `at`: whole site dates; otherwise an instant (h: elapsed; d with `at`: that
    site time on that date). `before` and `after` bound the window around it.
    """

    code: Key
    label: str
    schedule: Schedule
    population: Population
    anchor: Anchor
    mode: Mode
    offset: Number
    at: Clock | None
    before: Number
    after: Number
    instruments: Codes
    measurements: Codes
    recall: Number | None

    @property
    def whole_dates(self) -> bool:
        """True where the window is whole dates at the site, not instants."""
        return self.offset.unit == "d" and self.at is None


@dataclass(frozen=True)
class Baseline:
    """Which value is the baseline; the entry score is a criterion, not the baseline."""

    definition: Text
    covers: Codes


@dataclass(frozen=True)
class Outcomes:
    """Definitions of response and remission."""

    response_fall_at_least: Number
    remission_below: Number
    cgi_i_responder: Numbers
    response_visit: Codes
    sustained_visits: Codes
    severe_above: Number


@dataclass(frozen=True)
class PrimaryOutcome:
    """One of the outcomes that share alpha."""

    id: Key
    label: Text
    kind: Literal["clinical", "imaging"]
    measure: Literal["madrs", "cgi_i", "dmn", "sgacc_dmn", "limbic"]
    term: Literal["change", "responders", "time", "time_by_response"]


@dataclass(frozen=True)
class AnalysisPopulation:
    """Who is counted."""

    id: Key
    label: str
    definition: Text


@dataclass(frozen=True)
class Analysis:
    """The declared analysis: outcomes, alpha, visits and populations."""

    alpha: Number
    primary_outcomes: Mapping[str, PrimaryOutcome]
    repeated_measures_visits: Codes
    populations: Mapping[str, AnalysisPopulation]

    @property
    def bonferroni_threshold(self) -> Decimal:
        """alpha shared over all primary outcomes."""
        return self.alpha.decimal / len(self.primary_outcomes)


@dataclass(frozen=True)
class SuicidalThoughts:
    """Escalation on MADRS item 10 (0-6)."""

    review_at_least: Number
    review_rise_at_least: Number
    alert_at_least: Number
    emergency_at_least: Number
    psychiatrist_within: Number


@dataclass(frozen=True)
class SeriousEvents:
    """Clocks of a serious adverse event, from awareness."""

    report_within: Number
    alarms: Numbers
    expedited_fatal_within: Number
    expedited_other_within: Number


@dataclass(frozen=True)
class Safety:
    """Safety thresholds; `escalation`: minutes after which the next person is told, by level of an alert."""

    suicidal_thoughts: SuicidalThoughts
    serious_events: SeriousEvents
    escalation: Mapping[str, Numbers] | None


@dataclass(frozen=True)
class Records:
    """When an entry counts as late: entered so long after it occurred, by kind of observation where stated."""

    late_after: Number
    lateness: Mapping[str, Number] | None


@dataclass(frozen=True)
class Blinding:
    """Whether raters are kept from what the treatment was."""

    raters: Switch


@dataclass(frozen=True)
class Cognition:
    """The slot of the cognitive instrument."""

    instrument: Text


@dataclass(frozen=True)
class Acquisition:
    """How scans are acquired and which frames are usable."""

    scanner: Text
    field_strength: Number
    runs_per_session: Count
    run_length: Number
    repetition_time: Number
    gap_least: Number
    gap_most: Number
    displacement_maximum: Number
    usable_least: Number


@dataclass(frozen=True)
class Structure:
    """A limbic structure whose volume is measured."""

    id: Key
    label: Text
    hemisphere: Literal["left", "right"]
    structure: Literal["hippocampus", "amygdala", "accumbens"]


@dataclass(frozen=True)
class Network:
    """A network or pair of networks whose mean connectivity is analysed."""

    id: Key
    label: Text
    kind: Literal["within", "between"]
    role: Literal["primary", "control"]
    hypothesis: Text


@dataclass(frozen=True)
class Imaging:
    """Acquisition, structures and networks."""

    acquisition: Acquisition
    structures: Mapping[str, Structure]
    networks: Mapping[str, Network]


@dataclass(frozen=True, eq=False)
class Protocol:
    """A whole protocol version; immutable and shared."""

    trial: Trial
    amendment: Amendment | None
    eligibility: Mapping[str, Criterion]
    instruments: Mapping[str, Labelled]
    measurements: Mapping[str, Labelled]
    visits: Mapping[str, Visit]
    clonidine: ClonidinePlan
    titration: TitrationPlan
    infusion: InfusionPlan
    limits: Mapping[str, Limit]
    vital_signs: VitalSigns
    side_effects: SideEffects
    serum: Serum
    baseline: Baseline
    outcomes: Outcomes
    analysis: Analysis
    safety: Safety
    records: Records
    blinding: Blinding | None
    cognition: Cognition
    imaging: Imaging

    @property
    def id(self) -> str:
        """The version id, such as ketamine_96h_v1; what records store as protocol_version."""
        return self.trial.id

    def schedule(self, name: Schedule, population: Population = "patient") -> tuple[Visit, ...]:
        """The visits of one schedule in their order."""
        return tuple(v for v in self.visits.values() if v.schedule == name and v.population == population)

    def walk(self) -> Iterator[tuple[str, Value]]:
        """Every value with its dotted key, in the order of the schema."""
        return _walk(self)

    def proposed(self) -> tuple[str, ...]:
        """Dotted keys of the values that are not in the publication."""
        return tuple(key for key, value in self.walk() if value.proposed)


def _walk(node: object) -> Iterator[tuple[str, Value]]:
    if isinstance(node, Value):
        yield node.key, node
    elif isinstance(node, Mapping):
        for entry in node.values():
            yield from _walk(entry)
    elif is_dataclass(node):
        for field in fields(node):
            yield from _walk(getattr(node, field.name))
