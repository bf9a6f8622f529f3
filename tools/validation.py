"""The inspector's matrix: `python -m tools.validation` writes docs/validation/matrix.md from requirements.toml.

With `--results junit.xml [--out FILE]` the results of a test run stand beside the tests; pytest writes that file with
`--junit-xml`. Several may be given: a test counts as passed when it passed in each in which it was run.
"""

from __future__ import annotations

import argparse
import ast
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "docs" / "validation" / "requirements.toml"
OTHERS = ROOT / "docs" / "validation" / "other_tests.toml"
PAGE = ROOT / "docs" / "validation" / "matrix.md"
HEAD = """# Requirement, risk, test{result}

`make validation` writes this page from `requirements.toml`; a test fails when a test named there does not exist, or
when the page is not what the file says. {words}

|Requirement|What happens without it|Source|Tests{result_head}|
|---|---|---|---{rule}|
"""
PLAIN = "With the result file of a run (`pytest --junit-xml`), `python -m tools.validation --results` adds what passed."


@dataclass(frozen=True)
class Requirement:
    """One requirement: its name, the words, the risk, where it comes from, and patterns of its tests' names."""

    name: str
    requirement: str
    risk: str
    source: str
    tests: tuple[str, ...]


def requirements(path: Path = SOURCE) -> list[Requirement]:
    """Every requirement in the order of the file; raises KeyError or TypeError for an incomplete one."""
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    return [Requirement(name, **{**given, "tests": tuple(given["tests"])}) for name, given in read.items()]


def others(path: Path = OTHERS) -> dict[str, str]:
    """The test files that hold no requirement, each with its reason."""
    return dict(tomllib.loads(path.read_text(encoding="utf-8")))


def known_tests(root: Path = ROOT) -> list[str]:
    """The name of every test, as pytest gives it without parameters."""
    return [name for path in sorted((root / "tests").rglob("test_*.py")) for name in _tests_in(path, root)]


def _tests_in(path: Path, root: Path) -> Iterator[str]:
    place = path.relative_to(root).as_posix()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield f"{place}::{node.name}"
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name.startswith("test_"):
                    yield f"{place}::{node.name}::{inner.name}"


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """The tests that a pattern names."""
    return [name for name in names if fnmatchcase(name, pattern)]


def unnamed(wanted: Iterable[Requirement], names: Iterable[str]) -> list[str]:
    """The test files of which no requirement names a test."""
    names = list(names)
    named = {name for each in wanted for pattern in each.tests for name in matching(pattern, names)}
    return sorted({_file(name) for name in names} - {_file(name) for name in named})


def _file(name: str) -> str:
    return name.partition("::")[0]


def results(path: Path) -> dict[str, Counter[str]]:
    """How often each test passed, failed or was left out in a pytest result file."""
    found: dict[str, Counter[str]] = {}
    for case in ElementTree.parse(path).iter("testcase"):  # noqa: S314 # nosec B314 - our own run wrote it
        words = {child.tag for child in case}
        outcome = "failed" if words & {"failure", "error"} else "not run" if "skipped" in words else "passed"
        found.setdefault(_name_of(case), Counter())[outcome] += 1
    return found


def _name_of(case: ElementTree.Element) -> str:
    """pytest writes tests.kill.test_writes or tests.records.test_services.TestRace as the class of a test."""
    *folders, last = case.get("classname", "").split(".")
    inside = f"::{last}" if last.startswith("Test") else ""
    file = "/".join(folders if inside else [*folders, last])
    return f"{file}.py{inside}::{case.get('name', '').partition('[')[0]}"


def said(names: list[str], runs: list[dict[str, Counter[str]]]) -> str:
    """What some tests came to over all runs."""
    total: Counter[str] = Counter()
    for name in names:
        counts = sum((run.get(name, Counter()) for run in runs), Counter[str]())
        total["failed" if counts["failed"] else "passed" if counts["passed"] else "not run"] += 1
    return ", ".join(f"{count} {word}" for word, count in sorted(total.items()))


def page(wanted: list[Requirement], names: list[str], runs: list[dict[str, Counter[str]]]) -> str:
    """The matrix; with runs it has a column for what they came to."""
    given = {"result": ", result", "result_head": "|Result", "rule": "|---", "words": ""} if runs else {}
    text = HEAD.format(**(given or {"result": "", "result_head": "", "rule": "", "words": PLAIN}))
    for each in wanted:
        shown = "<br>".join(f"`{pattern}`" for pattern in each.tests)
        row = [f"**{each.name}**: {each.requirement}", each.risk, each.source, shown]
        if runs:
            row.append(said(sorted({name for pattern in each.tests for name in matching(pattern, names)}), runs))
        text += "|" + "|".join(row) + "|\n"
    return text


def main() -> int:
    """Write the page; 1 when a requirement has no test, or a result file is absent."""
    parser = argparse.ArgumentParser(prog="python -m tools.validation", description=__doc__)
    parser.add_argument("--results", type=Path, nargs="*", default=[], help="result files of pytest")
    parser.add_argument("--out", type=Path, default=PAGE)
    given = parser.parse_args()
    wanted, names = requirements(), known_tests()
    if absent := [str(path) for path in given.results if not path.is_file()]:
        print(f"No results at {', '.join(absent)}: run `make test RESULTS=…` first.", file=sys.stderr)
        return 1
    bare = [f"{each.name}: {pattern}" for each in wanted for pattern in each.tests if not matching(pattern, names)]
    if bare:
        print("No such test:\n" + "\n".join(bare), file=sys.stderr)
        return 1
    given.out.write_text(page(wanted, names, [results(path) for path in given.results]), encoding="utf-8")
    print(f"{given.out} is written.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
