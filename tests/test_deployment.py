"""deploy/ is what it claims: units that parse and are hardened, a guide whose site starts, a role that can save."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.db import connections

from tests.engines.clones import ROOT
from trial.settings import ENVIRONMENT

DEPLOY = ROOT / "deploy"
GUIDE = ROOT / "docs" / "deployment.md"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [path for path in UNITS if path.suffix == ".service"]
LONG_RUNNING = {"trial-web.service", "trial-worker.service", "trial-beat.service"}
# systemd.exec(5): each takes something away that no part of the site needs.
HARDENED = {
    "NoNewPrivileges": "true", "ProtectSystem": "strict", "ProtectHome": "true", "PrivateTmp": "true",
    "PrivateDevices": "true", "CapabilityBoundingSet": "", "UMask": "0077", "User": "trial",
}  # fmt: skip
COMMAND = re.compile(r"(?:manage\.py|^ *manage) (\w+)", re.MULTILINE)


def parsed(path: Path) -> dict[str, dict[str, list[str]]]:
    """A unit's sections; a key may stand several times."""
    found: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return found


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_parses(path: Path, tmp_path: Path) -> None:
    sections = parsed(path)
    assert sections["Unit"]["Description"]
    assert ("Timer" if path.suffix == ".timer" else "Service") in sections
    if (judge := shutil.which("systemd-analyze")) is None:
        return  # its structure was judged above
    for unit in UNITS:  # the programs of the production machine are not here
        text = re.sub(r"^(ExecStart\w*)=\S+", r"\1=/bin/true", unit.read_text(encoding="utf-8"), flags=re.M)
        (tmp_path / unit.name).write_text(text.replace("User=trial\nGroup=trial\n", ""), encoding="utf-8")
    done = subprocess.run(
        [judge, "verify", "--man=no", str(tmp_path / path.name)], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if "trial" in line and path.stem.rstrip("@") in line]
    assert said == []


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_service_is_hardened(path: Path) -> None:
    service = parsed(path)["Service"]
    assert {name: service.get(name, ["absent"])[-1] for name in HARDENED} == HARDENED


@pytest.mark.parametrize("name", sorted(LONG_RUNNING))
def test_what_runs_for_long_is_started_again(name: str) -> None:
    sections = parsed(DEPLOY / "systemd" / name)
    assert sections["Service"]["Restart"] == ["always"]
    assert sections["Install"]["WantedBy"] == ["multi-user.target"]


def test_the_web_server_listens_on_the_loopback_only() -> None:
    (start,) = parsed(DEPLOY / "systemd" / "trial-web.service")["Service"]["ExecStart"]
    assert "--bind 127.0.0.1:8000" in start


def directives(name: str) -> list[tuple[str, ...]]:
    """What a proxy's file says: the words of each statement and of each block's beginning, its comments left out."""
    lines = (line.split("#")[0].strip() for line in (DEPLOY / name).read_text(encoding="utf-8").splitlines())
    return [tuple(line.rstrip(";{ ").split()) for line in lines if line.strip("{} ")]


def nginx_servers() -> list[list[tuple[str, ...]]]:
    """The statements of each server of nginx."""
    servers: list[list[tuple[str, ...]]] = []
    for words in directives("nginx.conf"):
        if words == ("server",):
            servers.append([])
        else:
            servers[-1].append(words)
    return servers


# A client that names itself in X-Forwarded-For would escape the limits of guesses, or have another locked out; one that
# says http in X-Forwarded-Proto would be sent round in circles. nginx, ngx_http_proxy_module: proxy_set_header replaces
# what the client sent; $proxy_add_x_forwarded_for would add to it. RFC 8996: nothing older than TLS 1.2.
def test_nginx_says_itself_who_asks_and_how_and_serves_nothing_without_tls() -> None:
    plain, behind_tls = nginx_servers()
    assert [words for words in plain if words[0] not in {"listen", "server_name"}] == [
        ("return", "301", "https://$host$request_uri")
    ]
    assert {words[1] for words in plain if words[0] == "listen"} == {"80", "[::]:80"}
    assert [words[2:] for words in behind_tls if words[0] == "listen"] == [("ssl",), ("ssl",)]
    headers = {words[1]: words[2:] for words in behind_tls if words[0] == "proxy_set_header"}
    assert headers == {
        "Host": ("$host",),
        "X-Forwarded-Proto": ("https",),
        "X-Forwarded-For": ("$remote_addr",),
    }
    assert ("ssl_protocols", "TLSv1.2", "TLSv1.3") in behind_tls
    assert ("proxy_pass", "http://127.0.0.1:8000") in behind_tls


# Caddy's documentation, "Automatic HTTPS" (a site named by its domain gets a certificate and a redirect) and
# "reverse_proxy", "Defaults" (since 2.5.0 X-Forwarded-For and -Proto are set anew, but for a trusted proxy's).
def test_caddy_does_the_same_by_what_its_file_leaves_as_it_is() -> None:
    said = directives("Caddyfile")
    assert said[0] == ("trial.example.org",)
    assert ("protocols", "tls1.2", "tls1.3") in said
    assert ("reverse_proxy", "127.0.0.1:8000") in said
    left_alone = {"auto_https", "trusted_proxies", "header_up", "tls_insecure_skip_verify", "bind"}
    assert {word for words in said for word in words} & left_alone == set()


def test_no_proxy_takes_the_site_away_when_a_part_of_it_is_unwell() -> None:
    words = {word for name in ("Caddyfile", "nginx.conf") for said in directives(name) for word in said}
    assert {word for word in words if word.startswith("health_") or "healthz" in word} == set()


def test_every_timer_has_its_service_and_every_command_exists() -> None:
    from django.core.management import get_commands

    names = {path.name for path in UNITS}
    assert {f"{path.stem}.service" for path in UNITS if path.suffix == ".timer"} <= names
    texts = [*UNITS, GUIDE, DEPLOY / "trial.env.example"]
    used = {name for path in texts for name in COMMAND.findall(path.read_text(encoding="utf-8"))}
    assert used
    assert used - set(get_commands()) == set()


def test_what_starts_with_the_machine_is_enabled_by_the_guide() -> None:
    (enabled,) = re.findall(r"`systemctl enable --now ([^`]+)`", GUIDE.read_text(encoding="utf-8"))
    meant = {path.name.removesuffix(".service") for path in UNITS if "Install" in parsed(path)}
    assert set(enabled.split()) == meant


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_unit_finds_its_settings_in_files_that_have_an_example(path: Path) -> None:
    service = parsed(path)["Service"]
    examples = [DEPLOY / f"{Path(name).name}.example" for name in service["EnvironmentFile"]]
    named = "".join(example.read_text(encoding="utf-8") for example in examples)
    commands = " ".join(value for key, values in service.items() if key.startswith("Exec") for value in values)
    assert [name for name in re.findall(r"\$\{(\w+)\}", commands) if f"\n{name}=" not in named] == []


def test_the_head_of_the_audit_chain_leaves_the_machine_and_replaces_no_older_one() -> None:
    service = parsed(DEPLOY / "systemd" / "trial-audit-head.service")["Service"]
    (export,), (copy,) = service["ExecStart"], service["ExecStartPost"]
    folder = export.rpartition(" ")[2]
    assert "manage.py export_audit_head --out" in export
    assert copy.split()[-2:] == [f"{folder}/", "${AUDIT_HEADS_TO}"]
    assert "--ignore-existing" in copy
    assert "--delete" not in copy
    assert service["ExecStartPre"] == [f"/bin/mkdir -p {folder}"]


@pytest.mark.parametrize("name", ["trial.env.example", "owner.env.example"])
def test_every_setting_in_the_example_exists(name: str) -> None:
    reader = configparser.ConfigParser(interpolation=None)
    reader.optionxform = str  # type: ignore[method-assign,assignment]
    reader.read_string("[settings]\n" + (DEPLOY / name).read_text(encoding="utf-8"))
    named = set(reader["settings"])
    assert named
    assert named - set(ENVIRONMENT) == set()


def given_by_the_example(database_url: str, var_dir: Path) -> dict[str, str]:
    """The example's settings with what it says to change, as systemd reads them."""
    text = (DEPLOY / "trial.env.example").read_text(encoding="utf-8")
    given = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
    keys = {name: f"{number}a" * 32 for number, name in enumerate(("AUDIT_SEAL_KEY", "BACKUP_KEY", "CONTACT_KEYS"), 1)}
    return {
        **given,
        **keys,
        "SECRET_KEY": "0123456789abcdef" * 5,
        "VAR_DIR": str(var_dir),
        "DATABASE_URL": database_url,
    }


def written(settings: dict[str, str]) -> str:
    """Settings as a file that systemd and the shell read."""
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def without(settings: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in settings.items() if key != name}


RUN_SQL = """import pathlib, psycopg, sys
with psycopg.connect(sys.argv[1], autocommit=True) as server:
    server.execute(pathlib.Path(sys.argv[2].removeprefix("--file=")).read_bytes())
"""


def machine(folder: Path, *, has_roles: bool) -> dict[str, str]:
    """An environment with nothing but a PATH, on which the user trial is whoever runs the tests."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "psql.py").write_text(RUN_SQL, encoding="utf-8")
    run_sql = f'exec {sys.executable} {programs / "psql.py"} "$@"' if has_roles else "exit 0"
    for name, text in (("runuser", 'shift 3; exec "$@"'), ("psql", run_sql)):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    return {"PATH": f"{programs}:{os.environ['PATH']}"}


def started(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Load the site in the server and with the words of its unit."""
    (command,) = parsed(DEPLOY / "systemd" / "trial-web.service")["Service"]["ExecStart"]
    return subprocess.run(
        [sys.executable, "-m", "gunicorn", *command.split()[1:], "--check-config"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def make_serving_role(owner_url: str) -> str:
    """The role that the administrator makes, whose rights the guide's file gives; the address it serves under."""
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(
            "DO $$ BEGIN CREATE ROLE trial_web LOGIN PASSWORD 'serves-only'; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
    return re.sub(r"//[^@]+@", "//trial_web:serves-only@", owner_url)


def test_the_guide_followed_to_the_letter_makes_a_site_that_starts(cloned_database: str, tmp_path: Path) -> None:
    has_roles = cloned_database.startswith("postgres")
    served_at = make_serving_role(cloned_database) if has_roles else cloned_database
    (block,) = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    steps = block.replace("/opt/trial", str(ROOT)).replace("/etc/trial", str(tmp_path))
    steps = steps.replace(".venv/bin/python", sys.executable)
    given = given_by_the_example(served_at, tmp_path / "var")
    (tmp_path / "trial.env").write_text(written(given), encoding="utf-8")
    (tmp_path / "owner.env").write_text(written({"DATABASE_URL": cloned_database}), encoding="utf-8")
    bare = machine(tmp_path, has_roles=has_roles)
    done = subprocess.run(
        ["sh", "-e", "-u", "-c", steps],
        env=bare,
        input="a first password, 2026\n",
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # without a terminal the password is read from what is piped in
    )
    assert done.returncode == 0, done.stderr
    assert "pi may sign in" in done.stdout
    assert "is on call at STL" in done.stdout
    assert "no issues" in done.stdout
    site = started({**bare, **given})
    assert site.returncode == 0, site.stderr
    alone = started({**bare, **without(given, "SITE_URL")})
    assert alone.returncode != 0
    assert "Set SITE_URL" in alone.stderr


def test_the_example_names_every_setting_without_which_the_site_does_not_start() -> None:
    checks = (ROOT / "trial" / "records" / "checks.py").read_text(encoding="utf-8")
    demanded = set(re.findall(r"[A-Z]+_[A-Z_]+", checks.partition("def assert_reachable")[2])) & set(ENVIRONMENT)
    assert demanded >= {"EMAIL_URL", "EMAIL_FROM", "SITE_URL"}
    assert demanded - set(given_by_the_example("", ROOT)) == set()


def tried(url: str, statement: str) -> str:
    """The name of the error that a statement meets, empty when it passes."""
    with psycopg.connect(url) as server:
        try:
            server.execute(statement.encode())
        except psycopg.Error as refused:
            return type(refused).__name__
        finally:
            server.rollback()
    return ""


@pytest.mark.usefixtures("cloned_orm")
def test_a_form_is_saved_under_the_serving_role_which_cannot_touch_the_trail(cloned_database: str) -> None:
    if connections["default"].vendor == "sqlite":
        return  # SQLite knows no roles; its file's owner serves
    from django.test import Client

    from infusion.models import Vitals
    from tests.infusion.ward import make_ward
    from tests.trial.records.test_faults import vitals
    from trial.audit.services import seal
    from trial.audit.verification import verify

    ward, browser, web = make_ward(), Client(), make_serving_role(cloned_database)
    with psycopg.connect(cloned_database, autocommit=True) as owner:
        owner.execute((DEPLOY / "postgresql" / "serving-role.sql").read_bytes())
    connections.close_all()
    for alias in connections:
        connections[alias].settings_dict.update(USER="trial_web", PASSWORD="serves-only")
    browser.force_login(ward.nurse)
    assert browser.post(f"/infusion/{ward.participant.study_id}/vitals/", vitals()).status_code == 302
    assert Vitals.objects.count() == 1
    assert seal() > 0
    assert verify().ok
    connections.close_all()
    for statement in (
        "UPDATE audit_entry SET reason = 'forged'",
        "DELETE FROM audit_entry",
        "INSERT INTO audit_entry (table_name) VALUES ('x')",
        "UPDATE audit_seal SET mac = ''",
        "DELETE FROM audit_seal",
        "TRUNCATE audit_entry",
        "ALTER TABLE infusion_vitals DISABLE TRIGGER USER",
        "DROP TRIGGER audit_row ON infusion_vitals",
        "SET session_replication_role = replica",
    ):
        assert tried(web, statement) == "InsufficientPrivilege", statement
