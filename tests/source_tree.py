"""What the repository tracks, read as syntax trees: the material of tests/test_architecture.py."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APPS = ("trial", "infusion", "assessments", "imaging", "reports")


@dataclass(frozen=True)
class Module:
    """One tracked Python file: its path from the root, its dotted name, its syntax tree."""

    path: Path
    name: str
    tree: ast.Module
    lines: int

    @property
    def is_product(self) -> bool:
        """Whether the file belongs to the site rather than to its tests and tools."""
        return self.path.parts[0] in APPS

    @property
    def is_migration(self) -> bool:
        """Whether Django wrote the file."""
        return "migrations" in self.path.parts


@cache
def tracked(pattern: str) -> tuple[Path, ...]:
    """Return the tracked files that match a git pathspec, relative to the root, that exist."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", pattern], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return tuple(Path(name) for name in listed.stdout.split("\0") if name and (ROOT / name).exists())


@cache
def modules() -> tuple[Module, ...]:
    """Return every tracked Python file."""
    found = []
    for path in tracked("*.py"):
        source = (ROOT / path).read_text(encoding="utf-8")
        parts = path.with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(path, name, ast.parse(source, str(path)), source.count("\n")))
    return tuple(found)


@cache
def product() -> tuple[Module, ...]:
    """Return the site's own modules, without migrations."""
    return tuple(module for module in modules() if module.is_product and not module.is_migration)


@cache
def product_names() -> frozenset[str]:
    """Return the dotted names of the site's modules and packages."""
    return frozenset(module.name for module in product())


def imports(module: Module, *, at_load: bool = False) -> Iterator[tuple[str, int]]:
    """Yield (dotted name, line) of what a module imports; a module imported from a package counts itself.

    at_load: leave out imports inside functions and under TYPE_CHECKING.
    """
    for node in _walk(module.tree, at_load=at_load):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield (full if full in product_names() else base), node.lineno


def _walk(tree: ast.AST, *, at_load: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        yield node
        deferred = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
            isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        )
        if not (at_load and deferred):
            yield from _walk(node, at_load=at_load)


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    is_package = module.path.name == "__init__.py"
    parts = module.name.split(".")
    base = parts[: len(parts) - node.level + is_package]
    return ".".join([*base, *([node.module] if node.module else [])])


def calls(module: Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield (last name of the function, call) for every call in a module."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name):
                yield function.id, node
            elif isinstance(function, ast.Attribute):
                yield function.attr, node


def string_argument(call: ast.Call, position: int, keyword: str) -> str | None:
    """Return a literal argument by position or keyword, or None when it is absent or computed."""
    candidates = [item.value for item in call.keywords if item.arg == keyword]
    candidates += call.args[position : position + 1]
    for node in candidates:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
    return None


def cycles() -> list[list[str]]:
    """Return the groups of modules that need each other to load."""
    graph = {
        module.name: {name for name, _ in imports(module, at_load=True) if name in product_names()} - {module.name}
        for module in product()
    }
    return [sorted(group) for group in _strongly_connected(graph) if len(group) > 1]


def _strongly_connected(graph: dict[str, set[str]]) -> list[set[str]]:
    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for following in graph[waiting.pop()] - seen:
                seen.add(following)
                waiting.append(following)
        return seen

    reached = {name: reach(name) for name in graph}
    groups: list[set[str]] = []
    for name in graph:
        group = {other for other in reached[name] if name in reached[other]}
        if group and group not in groups:
            groups.append(group)
    return groups
