"""The scales hold what their publications say, score by summing, and refuse what they do not know.

Sources: Montgomery and Åsberg, Br J Psychiatry 1979 (10 items, 0 to 6, total 0 to 60); Guy, ECDEU manual 1976
(CGI, 1 to 7); Overall and Gorham 1962 with excitement and disorientation added (BPRS, 18 items).
"""

from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessments.instruments import InstrumentError, codes, instrument
from assessments.instruments.scale import ScoreRefused, load, score
from trial import protocol

MADRS_TEXT = files("assessments.instruments").joinpath("madrs.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "items", "lowest", "highest", "base"),
    [("madrs", 10, 0, 60, 0), ("cgi_s", 1, 1, 7, 1), ("cgi_i", 1, 1, 7, 1), ("bprs", 18, 18, 126, 1)],
)
def test_a_scale_has_its_published_size_and_range(code: str, items: int, lowest: int, highest: int, base: int) -> None:
    scale = instrument(code)
    assert (len(scale.items), scale.lowest, scale.highest, scale.coding_base) == (
        items,
        lowest,
        highest,
        base,
    )


def test_every_instrument_of_the_protocol_is_here_and_no_other() -> None:
    assert set(codes()) == set(protocol.for_version(protocol.FIRST).instruments)


def test_every_recall_window_of_a_visit_is_known_to_its_instruments_that_ask_about_a_time() -> None:
    for visit in protocol.for_version(protocol.FIRST).visits.values():
        for code in visit.instruments.codes:
            windows = instrument(code).recall_windows
            assert visit.recall is None or not windows or f"{visit.recall.text} {visit.recall.unit}" in windows


def test_the_positive_subscale_of_the_bprs_runs_from_4_to_28() -> None:
    scale = instrument("bprs")
    assert score(scale, dict.fromkeys(scale.items, 1)).subscales == {"positive": 4}
    assert score(scale, dict.fromkeys(scale.items, 7)).subscales == {"positive": 28}


def test_suicidal_thoughts_are_item_10_of_the_madrs() -> None:
    assert list(instrument("madrs").items).index("suicidal_thoughts") == 9


def test_the_madrs_shows_no_words_at_its_odd_scores() -> None:
    assert {tuple(item.anchors) for item in instrument("madrs").items.values()} == {(0, 2, 4, 6)}


def test_a_missing_item_makes_the_total_null_but_not_a_subscale_it_is_no_part_of() -> None:
    scale = instrument("bprs")
    given_scores = {name: 2 for name in scale.items if name != "anxiety"}
    result = score(scale, given_scores)
    assert (result.total, result.subscales, result.missing) == (None, {"positive": 8}, ("anxiety",))


@pytest.mark.parametrize("value", [-1, 7, True, "3", 2.0, None])
def test_a_score_off_the_scale_is_refused_by_item_and_range(value: object) -> None:
    with pytest.raises(ScoreRefused, match=r"madrs, Lassitude \(lassitude\): .* from 0 to 6"):
        score(instrument("madrs"), {"lassitude": value})  # type: ignore[dict-item]


def test_a_zero_is_refused_on_a_scale_coded_from_1() -> None:
    with pytest.raises(ScoreRefused, match="from 1 to 7"):
        score(instrument("bprs"), {"tension": 0})


def test_an_unknown_item_is_refused_by_name() -> None:
    with pytest.raises(ScoreRefused, match="no item 'sadness'"):
        score(instrument("madrs"), {"sadness": 1})


@given(st.data())
def test_the_total_is_the_sum_exactly_when_every_item_is_scored(data: st.DataObject) -> None:
    scale = instrument(data.draw(st.sampled_from(codes())))
    rated = data.draw(st.sets(st.sampled_from(sorted(scale.items))))
    scores = {name: data.draw(st.sampled_from(scale.items[name].values)) for name in sorted(rated)}
    result = score(scale, scores)
    assert set(result.missing) == set(scale.items) - rated
    assert (result.total is None) == bool(result.missing)
    if result.total is not None:
        assert scale.lowest <= result.total == sum(scores.values()) <= scale.highest


@given(st.sampled_from(["madrs", "bprs"]), st.integers())
def test_one_more_point_on_an_item_is_one_more_point_in_total(code: str, seed: int) -> None:
    scale = instrument(code)
    names = list(scale.items)
    name = names[seed % len(names)]
    below = dict.fromkeys(names, 2)
    totals = score(scale, below).total, score(scale, below | {name: 3}).total
    assert totals[0] is not None
    assert totals[1] == totals[0] + 1


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('scoring = "sum"', 'scoring = "mean"', "scoring"),
        ('missing = "total null when an item is missing"', 'missing = "prorate"', "missing"),
        ('title = "Montgomery', 'titel = "Montgomery', "titel"),
        ('version = "1979"', 'version = ""', "version"),
        ('display = "item names', 'shown = "item names', "rights.shown"),
        ("max = 6", "max = 0", "items[0].max"),
        ("min = 0", "min = true", "items[0].min"),
        ("min = 0", "min = 1", "items[0].anchors.0"),
        ('id = "reported_sadness"', 'id = "apparent_sadness"', "items[1].id"),
        ('0 = "none seen"', '9 = "none seen"', "items[0].anchors.9"),
        ('0 = "none seen"', '0 = ""', "items[0].anchors.0"),
        ('recall_windows = ["7 d", "24 h"]', "recall_windows = [7]", "recall_windows"),
        ('id = "madrs"', "id = madrs", "file"),
    ],
)
def test_a_faulty_file_is_refused_by_the_key_at_fault(old: str, new: str, key: str) -> None:
    with pytest.raises(InstrumentError) as refused:
        load(MADRS_TEXT.replace(old, new, 1))
    assert refused.value.key == key


def test_items_of_different_coding_bases_are_refused() -> None:
    anchors = '{ 0 = "none seen", 2'
    text = MADRS_TEXT.replace("min = 0", "min = 1", 1).replace(anchors, "{ 2", 1)
    with pytest.raises(InstrumentError, match="one coding base"):
        load(text)


def test_a_subscale_of_an_unknown_item_is_refused() -> None:
    subscale = '\n[[subscales]]\nid = "mood"\nlabel = "Mood"\nitems = ["joy"]\n'
    with pytest.raises(InstrumentError, match=r"subscales\[0\].items.*joy"):
        load(MADRS_TEXT + subscale)


def test_an_unknown_instrument_is_refused_with_those_there_are() -> None:
    with pytest.raises(InstrumentError, match="no instrument 'hamd'; there are bprs"):
        instrument("hamd")
