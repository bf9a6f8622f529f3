"""Pump arithmetic in decimals: mg/h = kg x mg/kg/h, mL/h = mg/h / mg/mL, rounded once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from trial.protocol import Protocol
from trial.rules.verdict import ALLOWED, Verdict, judge_limit, refuse, warn


@dataclass(frozen=True)
class PumpSetting:
    """What to programme into the pump for a rate.

    mg_per_h and ml_per_h are exact; `programmed` (mL/h) is rounded once to the pump's resolution;
    error_percent is (programmed - exact) / exact x 100. `verdict` says whether it may be programmed.
    """

    mg_per_h: Decimal
    ml_per_h: Decimal
    programmed: Decimal
    error_percent: Decimal
    verdict: Verdict


def pump_setting(weight_kg: Decimal, rate: Decimal, concentration: Decimal, protocol: Protocol) -> PumpSetting:
    """The pump setting for a rate (mg/kg/h) from a solution (mg/mL); rounding never passes a hard limit.

    Refused when rounding is off by more than the protocol allows or the pump cannot run so slowly; the
    refusal names another concentration that would do. Rate 0 is 0 mL/h.
    """
    exact = _setting(weight_kg, rate, concentration, protocol)
    if exact.verdict.ok:
        return exact
    offers = [
        (abs(other.error_percent), usual, other.programmed)
        for usual in protocol.infusion.usual_concentrations.decimals
        if (other := _setting(weight_kg, rate, usual, protocol)).verdict.ok
    ]
    if not offers:
        return exact
    _, usual, programmed = min(offers)
    offer = f"{exact.verdict.why}. Hang {usual} mg/mL and run {programmed} mL/h"
    verdict = Verdict(False, "hard", offer, exact.verdict.source, exact.verdict.key, exact.verdict.proposed)
    return PumpSetting(exact.mg_per_h, exact.ml_per_h, exact.programmed, exact.error_percent, verdict)


def judge_concentration(concentration: Decimal, protocol: Protocol) -> Verdict:
    """Judge the concentration of a solution (mg/mL): within the limits, and one of the usual ones."""
    usual = protocol.infusion.usual_concentrations
    verdict = judge_limit(protocol.limits["concentration"], concentration)
    if verdict.ok and concentration not in usual.decimals:
        return warn(f"{concentration} mg/mL is not a usual concentration ({usual.text} {usual.unit})", usual)
    return verdict


def _setting(weight_kg: Decimal, rate: Decimal, concentration: Decimal, protocol: Protocol) -> PumpSetting:
    if weight_kg <= 0 or concentration <= 0:
        raise ValueError(f"Weight {weight_kg} kg and concentration {concentration} mg/mL must be above 0.")
    hourly = weight_kg * rate
    exact = hourly / concentration
    resolution = protocol.infusion.pump_resolution.decimal
    programmed = _rounded(exact, resolution, ROUND_HALF_UP)
    if _passes_hard_limit(weight_kg, hourly, programmed * concentration, protocol):
        programmed = _rounded(exact, resolution, ROUND_FLOOR)
    error = (programmed - exact) / exact * 100 if exact else Decimal(0)
    return PumpSetting(hourly, exact, programmed, error, _judge(exact, programmed, error, protocol))


def _rounded(amount: Decimal, resolution: Decimal, rounding: str) -> Decimal:
    return (amount / resolution).quantize(Decimal(1), rounding) * resolution


def _passes_hard_limit(weight_kg: Decimal, exact: Decimal, programmed: Decimal, protocol: Protocol) -> bool:
    """Whether rounding (mg/h) lifts a dose over a hard limit that the exact dose keeps."""
    rate, hourly = protocol.limits["rate"].hard_above.limit, protocol.limits["hourly_dose"].hard_above.limit
    bounds = [hourly] if hourly is not None else []
    if rate is not None:
        bounds.append(rate * weight_kg)
    return any(exact <= bound < programmed for bound in bounds)


def _judge(exact: Decimal, programmed: Decimal, error: Decimal, protocol: Protocol) -> Verdict:
    slowest, most = protocol.infusion.pump_minimum, protocol.infusion.rounding_error_maximum
    if exact == 0:
        return ALLOWED
    if programmed < slowest.decimal:
        return refuse(f"{exact:.3f} mL/h is slower than the pump runs ({slowest.text} {slowest.unit})", slowest)
    if abs(error) > most.decimal:
        why = f"The pump's {programmed} mL/h is {error:+.2f} % off {exact:.3f} mL/h (at most {most.text} %)"
        return refuse(why, most)
    return ALLOWED
