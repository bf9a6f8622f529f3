"""What is known of how to reach a participant, and the forms in which it is searched for. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import asdict, dataclass, fields

# A number is the same with and without its country's code or a leading zero, so only its last digits count.
DIGITS_COMPARED = 9
FEWEST_DIGITS = 5
SHORTEST_WORD = 2


@dataclass(frozen=True)
class Details:
    """A participant's contact details; every field is text, empty where nothing is known."""

    full_name: str = ""
    phone: str = ""
    other_phone: str = ""
    address: str = ""
    call_preferences: str = ""
    emergency_name: str = ""
    emergency_phone: str = ""
    clinician_name: str = ""
    clinician_phone: str = ""

    def to_json(self) -> bytes:
        """Canonical JSON in UTF-8, the plaintext that is encrypted and digested."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True).encode()

    @classmethod
    def of_json(cls, text: bytes) -> Details:
        """Read what `to_json` wrote; a field that a later version added is empty, one it removed is left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in json.loads(text).items() if name in known})

    def search_terms(self) -> frozenset[tuple[str, str]]:
        """What the participant is found by: (kind, normal form) of each part of the name and each own number."""
        names = {("name", word) for word in words(self.full_name)}
        numbers = {("phone", number) for text in (self.phone, self.other_phone) if (number := number_of(text))}
        return frozenset(names | numbers)


def words(text: str) -> frozenset[str]:
    """The parts of a name without case, accents and signs; single letters are left out."""
    plain = unicodedata.normalize("NFKD", text)
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold()
    return frozenset(word for word in re.findall(r"\w+", letters) if len(word) >= SHORTEST_WORD)


def number_of(text: str) -> str:
    """The last digits of a telephone number, whatever stands between them; empty for too few."""
    digits = "".join(sign for sign in text if sign.isascii() and sign.isdigit())
    return digits[-DIGITS_COMPARED:] if len(digits) >= FEWEST_DIGITS else ""


def asked_for(text: str) -> frozenset[tuple[str, str]]:
    """What a search means: a telephone number where it has the digits of one, else every word of a name."""
    number = number_of(text)
    return frozenset({("phone", number)} if number else {("name", word) for word in words(text)})
