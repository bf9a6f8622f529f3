"""The protocol as data: what the trial is, with unit, source and status of every value.

    from trial import protocol
    p = protocol.for_version(protocol.FIRST)          # cached, immutable Protocol
    p.titration.start.rate.decimal                      # Decimal("0.15"), .unit "mg/kg/h", .source, .status
    p.titration.{target, step, step_times, minimum_interval, duration, steps_per_day}
    p.clonidine.{start_before, first_dose, step, target_dose, doses_per_day, daily_maximum, stop}
    p.limits["rate"].{soft_below, soft_above, hard_below, hard_above}.limit   # Decimal or None
    p.vital_signs.{frequency, repeat_after, triggers}   # triggers["systolic_below_90"].threshold.decimal
    p.eligibility["age"].{kind, judged_by, text, least, most, below, within}
    p.visits["week_2"].{label, schedule, population, anchor, mode, offset, at, before, after, recall}
    p.visits["week_2"].instruments.codes                # ("madrs", "cgi_i"); .measurements.codes likewise
    p.schedule("clinic" | "phone" | "imaging", population="patient" | "control")   # visits in order
    p.instruments["madrs"].label.text; p.measurements["side_effects"].label.text
    p.side_effects.{number, grades, items}   # items["nausea"].label.text; grades["mild"].grade.integer
    p.serum.{analytes, samples}; p.baseline.{definition, covers}
    p.outcomes.{response_fall_at_least, remission_below, cgi_i_responder.decimals, response_visit.codes,
                sustained_visits, severe_above}
    p.analysis.{alpha, bonferroni_threshold, primary_outcomes, repeated_measures_visits.codes, populations}
    p.safety.suicidal_thoughts.{review_at_least, review_rise_at_least, alert_at_least, emergency_at_least,
                                psychiatrist_within}
    p.safety.serious_events.{report_within, alarms.decimals, expedited_fatal_within, expedited_other_within}
    p.records.late_after; p.cognition.instrument; p.infusion.{usual_concentrations, pump_resolution, ...}
    p.amendment.{summary, effective_on.day, reconsent.codes}   # None for the first version
    p.safety.escalation["emergency"].decimals; p.records.lateness["rating"]; p.blinding.raters.is_on
                                                        # None before ketamine_96h_v2
    p.imaging.{acquisition, structures, networks}
    p.walk(), p.proposed(), p.id; protocol.sha256(version), protocol.versions(), protocol.in_force(day)

A value reads as `.decimal`, `.integer`, `.elapsed` (timedelta), `.limit`, `.time`, `.day`, `.is_on`, `.codes`,
`.decimals` or `.text`, whichever its kind allows; a wrong reading raises ProtocolError naming its dotted key.

A later version is an amendment: its file names the version it amends and states only what differs.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from trial.protocol.checks import check
from trial.protocol.reader import amended, read_table
from trial.protocol.schema import Criterion, Protocol, Visit
from trial.protocol.treatment import Limit, Trigger
from trial.protocol.values import ProtocolError, Value

__all__ = [
    "FIRST",
    "Criterion",
    "Limit",
    "Protocol",
    "ProtocolError",
    "Trigger",
    "Value",
    "Visit",
    "effective_on",
    "for_version",
    "in_force",
    "load",
    "newest",
    "sha256",
    "versions",
]

# The version that the publication describes; which is in force is asked by day (in_force).
FIRST = "ketamine_96h_v1"


def load(text: str) -> Protocol:
    """A protocol from the text of its file; ProtocolError names the dotted key at fault."""
    protocol = read_table(Protocol, _whole(_parsed(text)), "")
    check(protocol)
    return protocol


@cache
def for_version(version: str) -> Protocol:
    """The protocol of a version id, parsed once; ProtocolError for an unknown id or a misnamed file."""
    protocol = load(_content(version).decode())
    if protocol.id != version:
        raise ProtocolError("trial.id", f"'{protocol.id}' stands in the file of '{version}'; they must agree")
    return protocol


def in_force(on: date) -> str:
    """Id of the version in force on a day at a site: of those that had taken effect, the one that did so last."""
    return newest(version for version in versions() if effective_on(version) <= on)


def newest(ids: Iterable[str]) -> str:
    """Of some versions the one that took effect last; raises ValueError for none."""
    return max(ids, key=effective_on)


def effective_on(version: str) -> date:
    """The first day at a site on which a version can be in force; of the first version, any day."""
    amendment = for_version(version).amendment
    return amendment.effective_on.day if amendment else date.min


@cache
def sha256(version: str) -> str:
    """Hex digest of a version's file; an amendment's is over the digest of what it amends and its own bytes."""
    content = _content(version)
    amends = _parsed(content.decode()).get("trial", {}).get("amends")
    return hashlib.sha256(sha256(amends).encode() + content if amends else content).hexdigest()


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError("file", f"is not TOML: {error}") from error


def _whole(table: dict[str, Any], above: tuple[str, ...] = ()) -> dict[str, Any]:
    """The table of a version, on that of the version it amends; *above*: the ids of those that lead here."""
    trial = table.get("trial")
    amends = trial.get("amends") if isinstance(trial, dict) else None
    if not isinstance(trial, dict) or not isinstance(amends, str):
        return table
    chain = (*above, str(trial.get("id")))
    if amends in chain:
        raise ProtocolError("trial.amends", f"'{amends}' would amend itself")
    return amended(_whole(_parsed(_content(amends).decode()), chain), table)


@cache
def versions() -> tuple[str, ...]:
    """Ids of all protocol versions in this package, sorted."""
    names = (entry.name for entry in _version_files().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def _version_files() -> Traversable:
    return files(__package__)


def _content(version: str) -> bytes:
    if version not in versions():
        raise ProtocolError("trial.id", f"no protocol version '{version}'; there are {', '.join(versions())}")
    return _version_files().joinpath(f"{version}.toml").read_bytes()
