"""results.json: every published quantity beside its computed value, and every number the PDF prints."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema

from reports.analyses.finding import Finding
from reports.chapters import Failure
from reports.contract import Compared
from reports.datasets.extracts import Signed
from reports.provenance import Run

SCHEMA_VERSION = 1


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of results.json."""
    text = files("reports").joinpath("results.schema.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(content)
    return content


def results(
    run: Run,
    compared: Sequence[Compared],
    findings: Sequence[Finding],
    pages: Mapping[str, int],
    failures: Sequence[Failure],
) -> bytes:
    """The file's bytes, the same for the same run; raises jsonschema.ValidationError when not as the schema says."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "run": _run(run, compared, failures),
        "signatures": [signature_told(one) for one in run.signatures],
        "published": {row.entry.id: _published(row) for row in compared},
        "findings": [
            {
                "id": number.id,
                "analysis": finding.id,
                "label": number.label,
                "computed": plain(number.value),
                "text": number.text,
                "page": pages[number.id],
            }
            for finding in findings
            for number in finding.numbers()
        ],
    }
    jsonschema.validate(content, schema(), cls=jsonschema.Draft202012Validator)
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def publishable(run: Run, compared: Sequence[Compared], failures: Sequence[Failure]) -> bool:
    """False when an analysis failed, and for synthetic data when a published value does not come out of them."""
    return not failures and not (run.is_synthetic and any(row.match == "no" for row in compared))


def _run(run: Run, compared: Sequence[Compared], failures: Sequence[Failure]) -> dict[str, Any]:
    return {
        "id": run.id,
        "book": run.book,
        "site": run.site,
        "data_cut": run.data_cut.isoformat(),
        "protocol_version": run.protocol_version,
        "protocol_sha256": run.protocol_sha256,
        "code_version": run.code_version,
        "library_versions": run.libraries,
        "input_hash": run.input_hash,
        "is_synthetic": run.is_synthetic,
        "freeze": run.freeze or None,
        "is_publishable": publishable(run, compared, failures),
        "failures": [failure._asdict() for failure in failures],
    }


def signature_told(one: Signed) -> dict[str, Any]:
    """A signature as the file tells of it."""
    return {
        "subject": one.subject,
        "signer": one.signer,
        "roles": one.roles,
        "meaning": one.meaning,
        "signed_at": one.at.isoformat(),
        "content_sha256": one.content_sha256,
        "standing": one.standing,
        "void_since": one.since.isoformat() if one.since else None,
    }


def _published(row: Compared) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in row.computed.items():
        *path, last = key.split(".")
        place = nested
        for name in path:
            place = place.setdefault(name, {})
        place[last] = plain(value)
    return nested | {"published": row.entry.published, "match": row.match, "why": row.why}


def plain(value: object) -> Any:
    """The value as JSON holds it; what is not finite is null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
