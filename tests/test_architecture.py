"""The house holds: imports go one way, rules are pure, files stay small, every name leads somewhere."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.source_tree import (
    APPS,
    ROOT,
    Module,
    calls,
    cycles,
    imports,
    modules,
    product,
    product_names,
    string_argument,
    tracked,
)
from trial.celery import app as celery_app
from trial.jobs.registry import KINDS
from trial.records.events import EVENTS, PROVIDERS

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
LEVELS = [
    {"trial.protocol"},
    {"trial.rules"},
    {"trial.blinding"},
    {"trial.permissions"},
    {"trial.audit"},
    {"trial.users"},
    {"trial.jobs"},
    {"trial.records"},
    {"trial.tokens"},
    {"trial.signatures"},
    {"trial.locks"},
    {"trial.backup"},
    {"trial.participants"},
    {"trial.contacts"},
    {"trial.monitoring"},
    {"trial.safety"},
    {"infusion", "assessments", "imaging"},
    {"reports"},
]
RANK = {name: level for level, names in enumerate(LEVELS) for name in names}
# What puts the parts together may import any of them.
COMPOSITION = {
    "trial",
    "trial.settings",
    "trial.formats",
    "trial.formats.en",
    "trial.formats.en.formats",
    "trial.urls",
    "trial.api",
    "trial.celery",
    "trial.wsgi",
    "trial.asgi",
}
PURE = (
    "trial.protocol",
    "trial.rules",
    "trial.monitoring.rules",
    "trial.monitoring.trail_rules",
    "trial.monitoring.plausible",
    "infusion.rules",
    "infusion.pharmacokinetics",
    "assessments.rules",
    "assessments.instruments",
    "imaging.formats",
    "imaging.connectivity",
    "imaging.volumes",
    "imaging.matching",
    "reports.datasets",
    "reports.stats",
    "reports.analyses",
    "reports.display",
)
IMPURE_PACKAGES = {"django", "celery", "kombu", "requests", "urllib.request", "socket", "subprocess"}
CLOCK = {"now", "utcnow", "today", "localdate", "localtime"}
FILES = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkdir"}
NAMELESS = {"utils.py", "helpers.py", "common.py", "misc.py"}
WORKER_ONLY = ("pandas", "scipy", "statsmodels", "pingouin", "matplotlib", "nilearn")


def within(name: str, packages: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of the packages or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def room(name: str) -> str | None:
    """Return the package of LEVELS that a module of the site belongs to."""
    return next((package for package in RANK if within(name, (package,))), None)


def pure_modules() -> list[Module]:
    return [module for module in product() if within(module.name, PURE)]


def test_every_module_has_a_place_in_the_import_order() -> None:
    homeless = [str(m.path) for m in product() if m.name not in COMPOSITION and room(m.name) is None]
    assert not homeless, f"{homeless} belong to no level: put each into an app, or name its level in LEVELS."


def test_imports_only_go_down() -> None:
    wrong = []
    for module in product():
        own = room(module.name)
        for name, line in imports(module):
            other = room(name)
            if module.name in COMPOSITION or not own or not other or own == other:
                continue
            if RANK[other] >= RANK[own]:
                wrong.append(f"{module.path}:{line} imports {name}")
    assert not wrong, "Upwards or sideways; use an event, a provider, a task name or a URL name:\n" + "\n".join(wrong)


def test_no_modules_need_each_other_to_load() -> None:
    assert cycles() == []


def test_pure_modules_import_neither_framework_nor_impure_modules() -> None:
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in pure_modules()
        for name, line in imports(module)
        if within(name, tuple(IMPURE_PACKAGES)) or (name.split(".")[0] in APPS and not within(name, PURE))
    ]
    assert not wrong, "\n".join(wrong)


def test_pure_modules_read_no_clock() -> None:
    wrong = [
        f"{module.path}:{call.lineno} {ast.unparse(call)}"
        for module in pure_modules()
        for name, call in calls(module)
        if name in CLOCK or ast.unparse(call.func) in {"time.time", "time.monotonic"}
    ]
    assert not wrong, "Take the time as an argument:\n" + "\n".join(wrong)


def test_pure_modules_open_nothing_but_their_package_data() -> None:
    wrong = [
        f"{module.path}:{call.lineno} {ast.unparse(call)}"
        for module in pure_modules()
        for name, call in calls(module)
        if name in FILES and "files(" not in ast.unparse(call.func)
    ]
    assert not wrong, "Take bytes or text as an argument, or importlib.resources.files:\n" + "\n".join(wrong)


def test_no_python_file_is_long() -> None:
    long = {str(m.path): m.lines for m in modules() if not m.is_migration and m.lines > MAX_FILE_LINES}
    assert not long, f"Make each a folder of the same name: {long}"


def functions(module: Module) -> Iterator[tuple[str, int]]:
    """Yield (place, lines) of every function, counted from `def` to its last line."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            yield f"{module.path}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1


def test_no_function_is_long() -> None:
    long = {place: n for m in modules() for place, n in functions(m) if n > MAX_FUNCTION_LINES}
    assert not long, f"Say its steps as functions of their own: {long}"


def test_every_file_is_named_for_what_it_holds() -> None:
    assert [str(m.path) for m in modules() if m.path.name in NAMELESS] == []


def test_the_web_process_loads_no_science() -> None:
    program = (
        "import json, sys\n"
        "from django.core.wsgi import get_wsgi_application\n"
        "get_wsgi_application()\n"
        "from django.urls import get_resolver\n"
        "def walk(patterns):\n"
        "    for pattern in patterns:\n"
        "        walk(getattr(pattern, 'url_patterns', []))\n"
        "walk(get_resolver().url_patterns)\n"
        f"print(json.dumps([name for name in {WORKER_ONLY!r} if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [], "Import these inside task bodies only; the web process stays small."


TEMPLATES = [path for path in tracked("*.html") if path.parts[0] in APPS]
FORBIDDEN_MARKUP = {
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.I),
    "inline style sheet": re.compile(r"<style\b", re.I),
    "style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.I),
    "inline handler": re.compile(r"<[^>]*\s(?:on[a-z]+|hx-on[a-z:-]*)\s*=", re.I),
    "other host": re.compile(r"""(?:src|href|action|url|hx-[a-z]+)\s*=\s*["']?\s*(?:https?:)?//""", re.I),
}


def test_there_are_templates_to_check() -> None:
    assert TEMPLATES


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_template_brings_nothing_the_content_policy_forbids(path: Path) -> None:
    text = re.sub(r"{%\s*comment.*?endcomment\s*%}", "", (ROOT / path).read_text(encoding="utf-8"), flags=re.S)
    found = [
        f"{kind}: {match.group()[:80]}" for kind, rule in FORBIDDEN_MARKUP.items() for match in rule.finditer(text)
    ]
    assert not found


@pytest.mark.parametrize("path", TEMPLATES, ids=str)
def test_no_browser_puts_old_text_back_into_a_form_at_a_newer_version(path: Path) -> None:
    # "Back" loads the page anew, at the version of now; what a browser then restores would be saved over others' work.
    forms = re.findall(r"<form\b[^>]*\brecord-form\b[^>]*>", (ROOT / path).read_text(encoding="utf-8"))
    assert [form for form in forms if 'autocomplete="off"' not in form] == []


def url_names(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    """Yield every URL name with its namespaces."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from url_names(pattern.url_patterns, inner)
        elif pattern.name:
            yield prefix + pattern.name


def test_every_linked_url_name_exists() -> None:
    known = set(url_names(get_resolver().url_patterns))
    assert known
    in_templates = [
        (path, name)
        for path in TEMPLATES
        for name in re.findall(r"""{%\s*url\s+["']([^"']+)["']""", (ROOT / path).read_text(encoding="utf-8"))
    ]
    in_code = [
        (module.path, name)
        for module in product()
        for function, call in calls(module)
        if function in {"reverse", "reverse_lazy", "redirect", "resolve_url"}
        if (name := string_argument(call, 0, "viewname")) and ":" in name and "/" not in name
    ]
    missing = [f"{path} links {name}" for path, name in in_templates + in_code if name not in known]
    assert not missing, "\n".join(missing)


def literals(names: set[str], position: int, keyword: str) -> Iterator[tuple[str, str]]:
    """Yield (place, literal) for an argument of every call of one of `names` in the site."""
    for module in product():
        for name, call in calls(module):
            if name in names and (text := string_argument(call, position, keyword)) is not None:
                yield f"{module.path}:{call.lineno}", text


def test_every_task_sent_by_name_is_registered() -> None:
    celery_app.loader.import_default_modules()
    scheduled = [("CELERY_BEAT_SCHEDULE", entry["task"]) for entry in celery_app.conf.beat_schedule.values()]
    sent = [*literals({"send_task", "signature"}, 0, "name"), *scheduled]
    assert sent
    assert [f"{place} sends {name}" for place, name in sent if name not in celery_app.tasks] == []


def test_every_job_enqueued_has_a_function_that_does_it() -> None:
    celery_app.loader.import_default_modules()
    ordered = list(literals({"enqueue"}, 1, "kind"))
    assert [f"{place} enqueues {kind}" for place, kind in ordered if kind not in KINDS] == []


def test_every_event_and_provider_named_is_declared() -> None:
    events = literals({"emit", "handles"}, 0, "name")
    providers = literals({"ask", "provide"}, 0, "name")
    assert [f"{place}: {name}" for place, name in events if name not in EVENTS] == []
    assert [f"{place}: {name}" for place, name in providers if name not in PROVIDERS] == []


FORBIDDEN_IN_TESTS = {
    "transactional_db": "it flushes audited tables; use cloned_orm",
    "live_server": "it flushes audited tables; use running_site",
    "TransactionTestCase": "it flushes audited tables; use cloned_orm",
    "LiveServerTestCase": "it flushes audited tables; use running_site",
    "mock": "tests run the real thing",
    "skip": "a test that is not run proves nothing",
    "skipif": "a test that is not run proves nothing",
    "importorskip": "a test that is not run proves nothing",
    "xfail": "mend it or leave it out",
}


def names_in(module: Module) -> Iterator[tuple[str, int]]:
    """Yield (identifier, line) of every name, attribute, argument and imported part in a module."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.ImportFrom | ast.Import):
            for part in f"{getattr(node, 'module', '')}.{'.'.join(a.name for a in node.names)}".split("."):
                yield part, node.lineno


def test_tests_flush_nothing_fake_nothing_and_skip_nothing() -> None:
    wrong = [
        f"{module.path}:{line} {name}: {FORBIDDEN_IN_TESTS[name]}"
        for module in modules()
        if module.path.parts[0] == "tests"
        for name, line in names_in(module)
        if name in FORBIDDEN_IN_TESTS
    ]
    assert not wrong, "\n".join(wrong)


def test_no_module_is_imported_that_is_gone() -> None:
    wrong = [
        f"{module.path}:{line} imports {name}"
        for module in product()
        for name, line in imports(module)
        if name.split(".")[0] in APPS and name not in product_names() and ".migrations" not in name
    ]
    assert not wrong, "\n".join(wrong)
