"""In production nobody is treated by a protocol that the PI and a site physician have not both signed, as it is."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from pytest_django import Settings

from infusion import services as infusion
from infusion.models import ClonidineDose, Infusion
from tests.infusion.ward import STARTED, Ward, hours, make_ward, start
from tests.trial.records import clinic as builders
from tests.trial.signatures.clinic import Clinic, sign
from trial import protocol
from trial.audit.context import audited
from trial.participants import services as participants
from trial.permissions import Role
from trial.records.models import ProtocolVersion
from trial.signatures.rules import is_sign_off_demanded, unsigned_by
from trial.signatures.sign_off import ProtocolUnsigned, is_signed_at, require_signed_protocol, sign_offs
from trial.users.models import Site, User

pytestmark = pytest.mark.django_db
ONE, OTHER, THIRD = UUID(int=1), UUID(int=2), UUID(int=3)
PHYSICIAN = "a site physician"
ANOTHER = "a site physician (psychiatrist) other than the PI"


@pytest.mark.parametrize(
    ("approvals", "missing"),
    [
        ([], ("the PI", PHYSICIAN)),
        ([(ONE, {"pi"})], (ANOTHER,)),
        ([(ONE, {"psychiatrist"})], ("the PI",)),
        ([(ONE, {"pi"}), (OTHER, {"psychiatrist"})], ()),
        ([(ONE, {"pi", "psychiatrist"})], (ANOTHER,)),
        ([(ONE, {"pi", "psychiatrist"}), (OTHER, {"psychiatrist"})], ()),
        ([(ONE, {"pi", "psychiatrist"}), (OTHER, {"pi"})], ()),
        ([(ONE, {"pi"}), (OTHER, {"pi"})], (ANOTHER,)),
        ([(ONE, {"monitor"}), (OTHER, {"nurse"})], ("the PI", PHYSICIAN)),
        ([(ONE, {"pi"}), (OTHER, {"psychiatrist"}), (THIRD, {"psychiatrist"})], ()),
    ],
)
def test_the_pi_and_another_person_who_is_a_site_physician_sign(
    approvals: list[tuple[UUID, set[str]]], missing: tuple[str, ...]
) -> None:
    assert unsigned_by(approvals) == missing


@pytest.mark.parametrize(
    ("mode", "is_practice", "demanded"),
    [
        ("production", False, True),
        ("production", True, False),
        ("practice", False, False),
        ("demo", False, False),
        ("demo", True, False),
    ],
)
def test_only_a_real_site_in_production_needs_the_signatures(mode: str, is_practice: bool, demanded: bool) -> None:
    assert is_sign_off_demanded(mode, is_practice=is_practice) is demanded


def version() -> ProtocolVersion:
    return ProtocolVersion(version=protocol.FIRST, sha256=protocol.sha256(protocol.FIRST))


def sign_protocol(actor: User, site: Site) -> None:
    sign(actor, version(), "approved", site=site)


@pytest.fixture
def production(settings: Settings) -> None:
    """A site for real participants; asked for after who is there, since nobody is registered without a roster."""
    settings.SITE_MODE = "production"


@pytest.fixture
def ward(db: None) -> Ward:
    """A participant who may be infused but for the protocol's signatures."""
    return make_ward()


@pytest.fixture
def pi(ward: Ward) -> User:
    """The PI of the ward's site."""
    return builders.make_person(ward.site, Role.PI)


def test_who_has_signed_and_who_has_not_is_told_for_each_site(clinic: Clinic) -> None:
    other = builders.make_site("ELSE")
    sign_protocol(clinic.pi, clinic.site)
    here, there = sign_offs([clinic.site, other], protocol.FIRST)
    assert (here.missing, there.missing) == ((ANOTHER,), ("the PI", PHYSICIAN))
    assert not is_signed_at(protocol.FIRST, [clinic.site])
    sign_protocol(clinic.psychiatrist, clinic.site)
    assert is_signed_at(protocol.FIRST, [clinic.site])
    assert not is_signed_at(protocol.FIRST, [clinic.site, other])
    assert not is_signed_at(protocol.FIRST, [])


def test_clonidine_waits_for_the_signatures(ward: Ward, production: None, pi: User) -> None:
    def give() -> ClonidineDose:
        dose, at = Decimal("0.1"), STARTED - timedelta(hours=20)
        return infusion.record_clonidine(ward.nurse, ward.participant, dose_mg=dose, occurred_at=at)

    with pytest.raises(ProtocolUnsigned) as refused:
        give()
    assert str(refused.value) == (
        f"Clonidine waits for signatures. Still to sign protocol {protocol.FIRST} for Clinic K: the PI and a site "
        "physician. They sign on the page Protocol, by Sign this protocol."
    )
    sign_protocol(pi, ward.site)
    with pytest.raises(ProtocolUnsigned, match="other than the PI"):
        give()
    sign_protocol(ward.psychiatrist, ward.site)
    assert give().is_given


def test_the_infusion_waits_for_the_signatures(ward: Ward, production: None, pi: User) -> None:
    with pytest.raises(ProtocolUnsigned, match="Start of the infusion waits for signatures"):
        start(ward)
    assert not Infusion.objects.exists()
    sign_protocol(pi, ward.site)
    sign_protocol(ward.psychiatrist, ward.site)
    assert start(ward).pk


def test_the_decision_on_eligibility_waits_for_the_signatures(clinic: Clinic, production: None) -> None:
    def decide() -> None:
        at = clinic.rating.occurred_at
        participants.decide_eligibility(
            clinic.psychiatrist, clinic.participant, is_eligible=False, reason="moves away", occurred_at=at
        )

    with pytest.raises(ProtocolUnsigned, match="The decision on eligibility waits"):
        decide()
    sign_protocol(clinic.pi, clinic.site)
    sign_protocol(clinic.psychiatrist, clinic.site)
    decide()


def test_what_has_happened_what_is_held_and_what_lowers_or_ends_is_never_refused(ward: Ward, production: None) -> None:
    """A ward that acted without the signatures still records it, and can always go down."""
    given = {"dose_mg": Decimal("0.1"), "occurred_at": STARTED - timedelta(hours=20)}
    infusion.record_clonidine(ward.nurse, ward.participant, happened=True, **given)  # type: ignore[arg-type]
    held = {"dose_mg": Decimal("0.1"), "occurred_at": STARTED - timedelta(hours=10)}
    infusion.record_clonidine(ward.nurse, ward.participant, is_given=False, held_reason="hypotension", **held)  # type: ignore[arg-type]
    course = start(ward, happened=True)
    infusion.change_rate(ward.nurse, course, rate=Decimal("0.1"), reason="sedated", occurred_at=hours(2))
    infusion.stop_infusion(ward.nurse, course, completed=False, reason="sedated", occurred_at=hours(3))


@pytest.mark.parametrize("mode", ["demo", "practice"])
def test_demonstration_and_practice_go_on_unsigned(settings: Settings, ward: Ward, mode: str) -> None:
    settings.SITE_MODE = mode
    assert start(ward).pk


def test_the_practice_site_of_a_real_installation_goes_on_unsigned(ward: Ward, production: None) -> None:
    with audited("system:tests", "for practice"):
        Site.objects.filter(pk=ward.site.pk).update(is_practice=True)
    ward.participant.site.refresh_from_db()
    assert start(ward).pk


def test_signatures_of_another_site_or_another_file_do_not_count(
    clinic: Clinic, production: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = builders.make_site("ELSE")
    sign_protocol(clinic.pi, clinic.site)
    sign_protocol(clinic.psychiatrist, clinic.site)
    require_signed_protocol(clinic.site, protocol.FIRST, "The infusion")
    with pytest.raises(ProtocolUnsigned):
        require_signed_protocol(other, protocol.FIRST, "The infusion")
    monkeypatch.setattr("trial.protocol.sha256", lambda version: "0" * 64)
    with pytest.raises(ProtocolUnsigned):
        require_signed_protocol(clinic.site, protocol.FIRST, "The infusion")


def test_signing_a_version_not_yet_in_use_brings_it_into_use(site_of_nobody: Site) -> None:
    pi = builders.make_person(site_of_nobody, Role.PI)
    assert not ProtocolVersion.objects.exists()
    sign(pi, version(), "approved", site=site_of_nobody, key=uuid4())
    assert ProtocolVersion.objects.get().sha256 == protocol.sha256(protocol.FIRST)


@pytest.fixture
def site_of_nobody(db: None) -> Site:
    """A site without participants."""
    return builders.make_site("NEW")
