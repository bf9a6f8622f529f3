"""FreeSurfer's aseg.stats: volumes of the segmented structures and the intracranial volume.

Read by its own declarations: `# Measure` lines and the columns of `# ColHeaders`. FreeSurfer 6 and 7 name the
thalamus differently; here it has the name of version 7. The header names a person, a machine and folders:
`stripped` drops them before the file is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from imaging.formats.problems import decoded, is_number, refused, shown

# Only these comment lines are kept. They say what was measured, never who did it or where.
KEPT = (
    "# Title",
    "# generating_program",
    "# cvs_version",
    "# Measure",
    "# NRows",
    "# NTableCols",
    "# ColHeaders",
)
RENAMED = {"Left-Thalamus-Proper": "Left-Thalamus", "Right-Thalamus-Proper": "Right-Thalamus"}
INTRACRANIAL = "EstimatedTotalIntraCranialVol"
CUBIC_MILLIMETRES = "mm^3"
# An adult head: outside it the file counts cm³ or voxels, or the registration behind the estimate failed.
LEAST_ETIV, GREATEST_ETIV = Decimal(500_000), Decimal(3_000_000)


@dataclass(frozen=True)
class AsegStats:
    """Volumes in mm³ by FreeSurfer 7's structure name; `etiv` in mm³; `subject` as the file says."""

    volumes: Mapping[str, Decimal]
    etiv: Decimal
    subject: str


def read(content: bytes) -> AsegStats:
    """The volumes of an aseg.stats file; raises FileRefused naming the line."""
    etiv: Decimal | None = None
    header: list[str] = []
    subject = ""
    volumes: dict[str, Decimal] = {}
    for number, line in enumerate(decoded(content).splitlines(), start=1):
        if line.startswith("# Measure "):
            etiv = _etiv(number, line) or etiv
        elif line.startswith("# ColHeaders"):
            header = _header(number, line)
        elif line.startswith("# subjectname"):
            subject = line.removeprefix("# subjectname").strip()
        elif line.strip() and not line.startswith("#"):
            name, volume = _structure(number, line, header)
            if name in volumes:
                raise refused(f"{name} stands twice", number, "StructName")
            volumes[name] = volume
    if not volumes:
        raise refused("holds no structures; choose the aseg.stats file that recon-all wrote")
    if etiv is None:
        raise refused(f"has no '# Measure {INTRACRANIAL}' line; run mri_segstats with --etiv")
    return AsegStats(MappingProxyType(volumes), etiv, subject)


def stripped(content: bytes) -> bytes:
    """The file without any comment line that could name a person, a machine, a folder or a moment."""
    lines = decoded(content).splitlines()
    return "".join(f"{line}\n" for line in lines if not line.startswith("#") or line.startswith(KEPT)).encode()


def _etiv(number: int, line: str) -> Decimal | None:
    fields = [field.strip() for field in line.removeprefix("# Measure ").split(",")]
    if fields[0] != INTRACRANIAL:
        return None
    if len(fields) < 4 or fields[-1] != CUBIC_MILLIMETRES:
        raise refused(f"{INTRACRANIAL} is not given in {CUBIC_MILLIMETRES}", number, "eTIV")
    value = _volume(number, "eTIV", fields[-2])
    if not LEAST_ETIV <= value <= GREATEST_ETIV:
        raise refused(f"{value} mm³ is not an adult's intracranial volume; check the run", number, "eTIV")
    return value


def _header(number: int, line: str) -> list[str]:
    names = line.removeprefix("# ColHeaders").split()
    for name in ("StructName", "Volume_mm3"):
        if names.count(name) != 1:
            raise refused("must stand once in # ColHeaders", number, name)
    return names


def _structure(number: int, line: str, header: list[str]) -> tuple[str, Decimal]:
    if not header:
        raise refused("a row stands before # ColHeaders", number)
    cells = line.split()
    if len(cells) != len(header):
        raise refused(f"has {len(cells)} cells where # ColHeaders has {len(header)}", number)
    name = cells[header.index("StructName")]
    if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
        raise refused(f"{shown(name)} is not the name of a structure", number, "StructName")
    return RENAMED.get(name, name), _volume(number, "Volume_mm3", cells[header.index("Volume_mm3")])


def _volume(number: int, column: str, cell: str) -> Decimal:
    if not is_number(cell) or Decimal(cell) < 0:
        raise refused(f"{shown(cell)} is not a volume in mm³", number, column)
    return Decimal(cell)
