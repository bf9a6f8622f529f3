"""A connectivity table is read whole, by header name, or refused with line and column."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.formats import FileRefused
from imaging.formats.connectivity_tsv import MOST_ROWS, read
from imaging.formats.problems import MOST_SHOWN
from tests.imaging.scans import HEADER, table

NETWORKS = ("dmn", "visual")
GOOD = "K-0001-7 pre1 dmn 0.25 fisher_z 300"


def problems_of(content: bytes) -> list[tuple[int, str]]:
    """Line and column of everything that a file is refused for."""
    with pytest.raises(FileRefused) as refused:
        read(content, NETWORKS)
    return [(problem.line, problem.column) for problem in refused.value.problems]


def test_a_row_is_read_with_its_line() -> None:
    (row,) = read(table(GOOD), NETWORKS)
    assert (row.line, row.participant_id, row.session, row.network) == (2, "K-0001-7", "pre1", "dmn")
    assert (row.value, row.frames) == (0.25, 300)


def test_columns_go_by_name_not_by_place() -> None:
    swapped = "unit\tvalue\tframes\tnetwork\tsession\tparticipant_id"
    (row,) = read(table("fisher_z -0.5 n/a visual post K-0001-7", header=swapped), NETWORKS)
    assert (row.value, row.frames, row.network, row.session) == (-0.5, None, "visual", "post")


def test_a_byte_order_mark_and_windows_line_ends_are_accepted() -> None:
    content = b"\xef\xbb\xbf" + table(GOOD).replace(b"\n", b"\r\n")
    assert read(content, NETWORKS) == read(table(GOOD), NETWORKS)


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\r", " =", "\u00a0=", "\u200b="])
@pytest.mark.parametrize("column", ["participant_id", "session", "network", "unit", "frames", "value"])
def test_no_cell_may_begin_like_a_formula(sign: str, column: str) -> None:
    cells = dict(zip(HEADER.split("\t"), GOOD.split(" "), strict=True))
    cells[column] = f"{sign}cmd"
    assert problems_of(f"{HEADER}\n{chr(9).join(cells.values())}\n".encode()) == [(2, column)]


@pytest.mark.parametrize(("mark", "word"), [(",", "comma"), (";", "semicolon")])
def test_another_separator_is_named_once(mark: str, word: str) -> None:
    with pytest.raises(FileRefused) as refused:
        read(table(GOOD).replace(b"\t", mark.encode()), NETWORKS)
    (problem,) = refused.value.problems
    assert problem.text.startswith(f"looks {word}-separated; save it as tab-separated")


def test_a_plus_before_a_number_is_refused_and_a_minus_is_a_number() -> None:
    assert problems_of(table(GOOD.replace("0.25", "+0.25"))) == [(2, "value")]
    assert read(table(GOOD.replace("0.25", "-0.25")), NETWORKS)[0].value == -0.25


def test_a_nul_is_refused_by_its_line() -> None:
    assert problems_of(table(GOOD, GOOD.replace("dmn", "vi\0sual"))) == [(3, "")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_refused_with_what_to_do(encoding: str) -> None:
    with pytest.raises(FileRefused, match="save it as UTF-8"):
        read(table(GOOD).decode().encode(encoding), NETWORKS)


def test_latin_1_is_refused_by_its_line() -> None:
    assert problems_of(table(GOOD) + "Ä".encode("latin-1")) == [(3, "")]


def test_a_table_beyond_the_cap_is_refused_fast_and_small() -> None:
    content = (HEADER + "\n" + "\t".join(GOOD.split()) * 1 + "\n").encode() + b"x\n" * 9_000_000
    began = time.monotonic()
    tracemalloc.start()
    try:
        assert problems_of(content) == [(MOST_ROWS + 2, "")]
        assert tracemalloc.get_traced_memory()[1] < 300_000_000
    finally:
        tracemalloc.stop()
    assert time.monotonic() - began < 10


def test_a_file_beyond_the_size_cap_is_refused() -> None:
    with pytest.raises(FileRefused, match="larger than 20 MB"):
        read(b"x" * 20_000_001, NETWORKS)


@pytest.mark.parametrize("unit", ["r", "pearson_r", "", "Fisher_z", "z"])
def test_every_row_says_that_it_is_fisher_z(unit: str) -> None:
    cells = GOOD.replace(" ", "\t").replace("fisher_z", unit)
    assert problems_of(f"{HEADER}\n{cells}\n".encode()) == [(2, "unit")]


def test_a_table_without_the_unit_column_is_refused() -> None:
    header = "participant_id\tsession\tnetwork\tvalue\tframes"
    assert problems_of(table("K-0001-7 pre1 dmn 0.25 300", header=header)) == [(1, "unit")]


def test_both_rows_of_a_duplicate_are_named() -> None:
    with pytest.raises(FileRefused, match="K-0001-7 pre1 dmn stands in lines 2 and 4"):
        read(table(GOOD, GOOD.replace("dmn", "visual"), GOOD), NETWORKS)


def test_swapped_cells_are_refused_in_both_columns() -> None:
    assert problems_of(table("K-0001-7 dmn pre1 0.25 fisher_z 300")) == [(2, "session"), (2, "network")]


def test_value_and_frames_swapped_are_refused() -> None:
    assert problems_of(table("K-0001-7 pre1 dmn 300 fisher_z 0.25")) == [(2, "value"), (2, "frames")]


def test_a_repeated_or_unknown_column_is_refused() -> None:
    assert problems_of(table(GOOD + " 0.3", header=HEADER + "\tvalue")) == [(1, "value")]
    assert problems_of(table(GOOD + " x", header=HEADER + "\tname")) == [(1, "'name'")]


@pytest.mark.parametrize("row", ['"K-0001-7 pre1 dmn 0.25 fisher_z 300', 'K-0001-7 pre1 "dmn 0.25 fisher_z 300'])
def test_an_unclosed_quote_swallows_nothing(row: str) -> None:
    assert [line for line, _ in problems_of(table(row, GOOD))] == [2]


def test_a_huge_cell_is_refused_and_shown_cut() -> None:
    with pytest.raises(FileRefused) as refused:
        read(table(GOOD.replace("0.25", "9" * 10_000_000)), NETWORKS)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        "nan",
        "Inf",
        "-inf",
        "1e999",
        "٣",
        "0.٣",
        "1,5",
        "",
        " 0.25",
        "0.25 ",
        "0x1",
        "1_0",
        ".5",
        "5.",
        "−0.5",
        "3.01",
    ],
)
def test_what_is_no_plausible_decimal_number_is_refused(value: str) -> None:
    cells = GOOD.replace(" ", "\t").replace("0.25", value)
    assert problems_of(f"{HEADER}\n{cells}\n".encode()) == [(2, "value")]


@pytest.mark.parametrize("frames", ["", "0", "-3", "1.5", "٣", "1e2", "9999999", "NA"])
def test_frames_are_a_count_or_not_known(frames: str) -> None:
    cells = GOOD.replace(" ", "\t").removesuffix("300") + frames
    assert problems_of(f"{HEADER}\n{cells}\n".encode()) == [(2, "frames")]


@pytest.mark.parametrize("participant", ["", "../etc", "K 1", "K-0001-7\u200b", "<b>", "1-K", "K" * 17])
def test_a_study_id_has_only_letters_digits_and_dashes(participant: str) -> None:
    cells = GOOD.replace(" ", "\t").replace("K-0001-7", participant)
    assert problems_of(f"{HEADER}\n{cells}\n".encode()) == [(2, "participant_id")]


@pytest.mark.parametrize("content", [b"", b"\n\n", HEADER.encode(), b"{}"])
def test_a_file_without_rows_is_refused(content: bytes) -> None:
    with pytest.raises(FileRefused):
        read(content, NETWORKS)


def test_a_blank_line_between_rows_is_refused() -> None:
    assert problems_of(table(GOOD, "", GOOD.replace("dmn", "visual"))) == [(3, "")]


def test_all_problems_are_listed_up_to_a_page() -> None:
    rows = [GOOD.replace("0.25", "x")] * 80
    assert problems_of(table(*rows)) == [(line, "value") for line in range(2, 2 + MOST_SHOWN)]


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused_and_nothing_else_happens(content: bytes) -> None:
    with pytest.raises(FileRefused):
        read(content, NETWORKS)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_arbitrary_text_after_the_header_is_refused(text: str) -> None:
    with pytest.raises(FileRefused):
        read(f"{HEADER}\n{text}".encode(), NETWORKS)
