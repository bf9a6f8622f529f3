"""Every published number agrees with the publication, read by hand.

Source: "A 96-h ketamine infusion for treatment-resistant depression", NCT01179009; each row gives the
section and the words in which the number stands.
"""

from __future__ import annotations

import pytest

from trial import protocol
from trial.protocol.values import Codes, Text

P = protocol.for_version(protocol.FIRST)

ENROLLMENT = "Methods, Enrollment"
INFUSION = "Methods, Ketamine infusion and measurements"
ASSESSMENTS = "Methods, Psychiatric and cognitive assessments"
MRI = "Methods, Resting-state functional MRI acquisition and processing"
STATISTICS = "Methods, Statistical approach"
TOLERATED = "Results, Prolonged ketamine infusion is tolerated"
IMPROVED = "Results, Prolonged ketamine infusion induced persistent improvements"

PHONE = "assessed at 2, 4, 6, and 8 weeks post-infusion by phone"
RECALL = "standard versions encompassing the previous 7 days"
DAY_5 = "at 8 AM on day 5"
PEAK = "peaked on infusion day 3 ... infusion days 4-5"
PRE = "with the second scan occurring within 2 weeks of starting infusion"

# (key, value, unit, section, the words of the publication)
EXPECTED = (
    ("eligibility.age.least", "18", "years", ENROLLMENT, "adults ages 18-65 years"),
    ("eligibility.age.most", "65", "years", ENROLLMENT, "adults ages 18-65 years"),
    ("eligibility.severity.least", "22", "points", ENROLLMENT, "score ≥ 22"),
    ("eligibility.treatment_resistance.least", "2", "trials", ENROLLMENT, "at least two trials"),
    ("eligibility.antidepressant_stability.least", "6", "wk", ENROLLMENT, "constant for at least 6 weeks"),
    ("visits.infusion_day_1.offset", "0", "d", TOLERATED, PEAK),
    ("visits.infusion_day_2.offset", "1", "d", TOLERATED, PEAK),
    ("visits.infusion_day_3.offset", "2", "d", TOLERATED, PEAK),
    ("visits.infusion_day_4.offset", "3", "d", TOLERATED, PEAK),
    ("visits.infusion_day_5.offset", "4", "d", TOLERATED, PEAK),
    ("visits.day_5_0800.offset", "4", "d", TOLERATED, DAY_5),
    ("visits.day_5_0800.at", "08:00", "site time", TOLERATED, DAY_5),
    ("visits.day_6.offset", "24", "h", IMPROVED, "at one day; one day after infusion ended"),
    ("visits.week_2.offset", "14", "d", ASSESSMENTS, PHONE),
    ("visits.week_4.offset", "28", "d", ASSESSMENTS, PHONE),
    ("visits.week_6.offset", "42", "d", ASSESSMENTS, PHONE),
    ("visits.week_8.offset", "56", "d", ASSESSMENTS, PHONE),
    ("visits.week_2.recall", "7", "d", ASSESSMENTS, RECALL),
    ("visits.week_4.recall", "7", "d", ASSESSMENTS, RECALL),
    ("visits.week_6.recall", "7", "d", ASSESSMENTS, RECALL),
    ("visits.week_8.recall", "7", "d", ASSESSMENTS, RECALL),
    ("visits.pre2.offset", "0", "h", MRI, PRE),
    ("visits.pre2.before", "14", "d", MRI, PRE),
    ("visits.pre2.after", "0", "h", MRI, PRE),
    ("visits.post.offset", "14", "d", MRI, "at the 2-week post-infusion time point"),
    ("clonidine.start_before", "7", "d", INFUSION, "approximately 7 days prior to the infusion"),
    ("clonidine.first_dose", "0.1", "mg", INFUSION, "0.1 mg twice daily"),
    ("clonidine.target_dose", "0.3", "mg", INFUSION, "increased to 0.3 mg twice daily as tolerated"),
    ("clonidine.doses_per_day", "2", "doses/day", INFUSION, "twice daily"),
    ("titration.start.rate", "0.15", "mg/kg/h", INFUSION, "initiated at 0.15 mg/kg/h"),
    ("titration.start.at", "10:00", "site time", INFUSION, "at 10 AM on day 1"),
    ("titration.target", "0.60", "mg/kg/h", INFUSION, "a target rate of 0.6 mg/kg/h"),
    ("titration.steps_per_day", "2", "steps/day", INFUSION, "titrated as tolerated twice daily"),
    ("titration.duration", "96", "h", INFUSION, "a continuous 96-h infusion"),
    ("titration.target_concentration", "400", "ng/mL", INFUSION, "approximately 400 ng/ml"),
    ("infusion.stay_days", "5", "d", INFUSION, "admitted for 5 days/4 nights"),
    ("infusion.stay_nights", "4", "d", INFUSION, "admitted for 5 days/4 nights"),
    ("side_effects.number", "20", "items", ASSESSMENTS, "covering 20 ketamine side effects"),
    ("outcomes.response_fall_at_least", "50", "%", STATISTICS, "MADRS reduction of at least 50% from baseline"),
    ("outcomes.remission_below", "10", "points", STATISTICS, "remission (defined as MADRS < 10)"),
    ("outcomes.cgi_i_responder", "1, 2", "category", "Fig. 1", "CGI-I of 1-2 (much or very much improved)"),
    ("outcomes.severe_above", "30", "points", IMPROVED, "continued to have MADRS > 30"),
    ("analysis.alpha", "0.05", "p", STATISTICS, "Bonferroni, p < 0.00625 for eight primary outcomes"),
    ("imaging.acquisition.field_strength", "3", "T", MRI, "Siemens Trio 3-T TIM scanner"),
    ("imaging.acquisition.runs_per_session", "2", "runs", MRI, "Two EPI runs, lasting 6 min each"),
    ("imaging.acquisition.run_length", "6", "min", MRI, "Two EPI runs, lasting 6 min each"),
    ("imaging.acquisition.gap_least", "1", "d", MRI, "acquired 1-14 days (median = 2 days) apart"),
    ("imaging.acquisition.gap_most", "14", "d", MRI, "acquired 1-14 days (median = 2 days) apart"),
)  # fmt: skip


@pytest.mark.parametrize(("key", "text", "unit", "section", "words"), EXPECTED, ids=[row[0] for row in EXPECTED])
def test_a_published_number_is_the_publications(key: str, text: str, unit: str, section: str, words: str) -> None:
    value = dict(P.walk())[key]
    assert (value.text, value.unit) == (text, unit), f"{section}: {words}"
    assert value.status == "published"
    assert value.source.startswith(f"Paper, {section}")


def test_no_other_number_claims_to_be_published() -> None:
    numbers = {key for key, value in P.walk() if not value.proposed and not isinstance(value, Text | Codes)}
    assert numbers == {row[0] for row in EXPECTED}


def test_every_value_has_a_unit_a_source_and_a_status() -> None:
    for key, value in P.walk():
        assert value.unit, key
        assert value.source, key
        assert value.status in ("published", "proposed"), key


def test_published_means_the_paper_and_nothing_else() -> None:
    for key, value in P.walk():
        assert value.source.startswith("Paper, ") != value.proposed, key


def test_the_absence_of_something_is_never_called_published() -> None:
    assert not [key for key, value in P.walk() if value.text == "none" and not value.proposed]


def test_the_corrected_threshold_over_eight_primary_outcomes_is_as_printed() -> None:
    kinds = [outcome.kind for outcome in P.analysis.primary_outcomes.values()]
    assert (kinds.count("clinical"), kinds.count("imaging")) == (2, 6)
    assert str(P.analysis.bonferroni_threshold) == "0.00625"


def test_the_repeated_measures_are_those_of_figure_1() -> None:
    assert P.analysis.repeated_measures_visits.codes == ("baseline", "day_6", "week_2", "week_8")


def test_phone_visits_carry_madrs_and_cgi_i() -> None:
    for visit in P.schedule("phone"):
        assert visit.instruments.codes == ("madrs", "cgi_i")
        assert visit.mode == "phone"


def test_the_positive_scale_is_due_on_each_infusion_day() -> None:
    due = [visit.code for visit in P.schedule("clinic") if "bprs" in visit.instruments.codes]
    assert due == ["baseline", *(f"infusion_day_{day}" for day in range(1, 6))]


def test_side_effects_are_due_before_the_start_daily_and_at_discharge() -> None:
    due = [visit.code for visit in P.schedule("clinic") if "side_effects" in visit.measurements.codes]
    assert due == ["baseline", "admission", *(f"infusion_day_{day}" for day in range(1, 6)), "discharge"]


def test_the_six_effects_reported_at_discharge_and_the_two_that_limited_the_rate_are_published() -> None:
    published = [item.id for item in P.side_effects.items.values() if not item.label.proposed]
    assert published == [
        *("fatigue", "inattention", "sedation", "lightheadedness", "restlessness", "palpitations"),
        *("nausea", "anxiety"),
    ]


def test_the_analytes_are_those_named_in_the_statistical_approach() -> None:
    assert list(P.serum.analytes) == [
        *("ketamine", "s_ketamine", "r_ketamine"),
        *("norketamine", "s_norketamine", "r_norketamine"),
    ]
    assert {analyte.concentration_unit for analyte in P.serum.analytes.values()} == {"ng/mL"}


def test_the_cognitive_instrument_is_an_open_slot() -> None:
    assert P.cognition.instrument.text == "not published"
    assert P.cognition.instrument.proposed


def test_the_site_zone_is_not_part_of_the_protocol() -> None:
    assert not [key for key, value in P.walk() if "/" in value.text and "America" in value.text]
