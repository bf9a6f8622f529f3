"""Every declared event is heard and every declared provider answers, once all apps are ready."""

from __future__ import annotations

import pytest

from trial.records import events


@pytest.mark.parametrize("name", sorted(events.EVENTS))
def test_each_event_has_a_handler(name: str) -> None:
    assert events.handlers_of(name), f"Nobody handles {name!r}; register a handler in an AppConfig.ready()."


@pytest.mark.parametrize("name", sorted(events.PROVIDERS))
def test_each_provider_is_registered(name: str) -> None:
    assert name in events._providers, f"Nobody provides {name!r}; register it in an AppConfig.ready()."


def test_an_event_nobody_declared_is_refused() -> None:
    with pytest.raises(events.Unregistered, match="not declared"):
        events.emit("moon.rose")
    with pytest.raises(events.Unregistered, match="not declared"):
        events.handles("moon.rose")(print)


def test_a_question_nobody_answers_is_refused() -> None:
    with pytest.raises(events.Unregistered, match="Nobody provides"):
        events.ask("moon.phase")


def test_a_second_provider_is_refused() -> None:
    name = next(iter(events.PROVIDERS))
    with pytest.raises(events.Unregistered, match="registered twice"):
        events.provides(name)(lambda **_: None)
    assert events._providers[name] is not None


def test_what_a_handler_raises_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: object) -> None:
        raise RuntimeError("no room")

    monkeypatch.setitem(events._handlers, "deviation.found", [fails])
    with pytest.raises(RuntimeError, match="no room"):
        events.emit("deviation.found")
