"""The rating scales as data: one TOML file each, read and scored by `scale`.

from assessments.instruments import instrument, codes
instrument("madrs").items["suicidal_thoughts"].maximum      # 6
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from assessments.instruments.scale import Instrument, InstrumentError, load

__all__ = ["Instrument", "InstrumentError", "codes", "instrument"]


@cache
def codes() -> tuple[str, ...]:
    """Ids of all instruments in this package, sorted."""
    names = (entry.name for entry in files(__package__).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@cache
def instrument(code: str) -> Instrument:
    """The instrument of an id, parsed once; InstrumentError for an unknown id or a misnamed file."""
    if code not in codes():
        raise InstrumentError("id", f"no instrument '{code}'; there are {', '.join(codes())}")
    found = load(files(__package__).joinpath(f"{code}.toml").read_text(encoding="utf-8"))
    if found.id != code:
        raise InstrumentError("id", f"'{found.id}' stands in the file of '{code}'; they must agree")
    return found
