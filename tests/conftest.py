"""Set-up of every test: its own folder and keys, databases that are rolled back or cloned, a running site."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

# pytest-django reads the settings after this file, and the settings read the environment once.
VAR_DIR = Path(tempfile.mkdtemp(prefix="trial-tests-"))
atexit.register(shutil.rmtree, VAR_DIR, ignore_errors=True)
os.environ["VAR_DIR"] = str(VAR_DIR)
os.environ["DJANGO_SETTINGS_MODULE"] = "trial.settings"
# One key for the test process and for every site it starts, so that both can verify a cloned audit chain.
os.environ["SECRET_KEY"] = "tests-" + "0" * 50
os.environ["AUDIT_SEAL_KEY"] = "5e" * 32
os.environ["CONTACT_KEYS"] = "c0" * 32
os.environ["LOG_LEVEL"] = "WARNING"

import environ
import hypothesis
import pytest
from django.db import connections
from pytest_django.plugin import DjangoDbBlocker

from tests.engines import site as sites
from tests.engines.clones import Template, Templates
from tests.engines.site import RunningSite

if TYPE_CHECKING:
    from tests.trial.addresses import Addresses

DATABASE_FIXTURES = {"db", "cloned_database", "demo_database", "demo_orm", "site_factory", "templates"}
FLUSHING = "transactional_db"
PLACE = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")

hypothesis.settings.register_profile("trial", deadline=None, print_blob=True)
hypothesis.settings.load_profile("trial")


def pytest_configure(config: pytest.Config) -> None:
    """Hash passwords fast inside the test process; the sites that tests start keep Argon2."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what depends on the database engine, and refuse tests that would flush audited tables."""
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        mark = item.get_closest_marker("django_db")
        if FLUSHING in names or (mark and mark.kwargs.get("transaction")):
            raise pytest.UsageError(
                f"{item.nodeid} uses {FLUSHING}, which empties tables; audited tables refuse that. "
                "Use cloned_orm or running_site instead."
            )
        if mark or names & DATABASE_FIXTURES:
            item.add_marker("db_engine")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the template databases when the last process of the run ends."""
    templates = config.stash.get(TEMPLATES, None)
    if templates and not hasattr(config, "workerinput"):
        templates.drop()


TEMPLATES = pytest.StashKey[Templates]()


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Templates:
    """The run's template databases, shared by its processes."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if hasattr(pytestconfig, "workerinput") else base) / "templates"
    folder.mkdir(exist_ok=True)
    url = os.environ.get("DATABASE_URL", "")
    made = Templates(folder, url if url.startswith("postgres") else None)
    pytestconfig.stash[TEMPLATES] = made
    return made


@pytest.fixture(scope="session")
def django_db_setup(
    templates: Templates, django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """The database of the tests that are rolled back: a clone too, since the migrations take longer than most runs."""
    with (
        templates.clone(templates.tables()) as url,
        django_db_blocker.unblock(),
        _Redirected("default", url),
        _Redirected("reporting", url),
    ):
        connections["reporting"].creation.set_as_test_mirror(connections["default"].settings_dict)
        with django_db_blocker.block():
            yield


@pytest.fixture(scope="session")
def migrated_template(templates: Templates) -> Template:
    """Every table and trigger, no trial data."""
    return templates.migrated()


@pytest.fixture(scope="session")
def demo_template(templates: Templates) -> Template:
    """The demo cohort, loaded once per run."""
    return templates.demo()


@pytest.fixture
def cloned_database(templates: Templates, migrated_template: Template) -> Iterator[str]:
    """DATABASE_URL of a fresh database of this test alone: committed writes are real, every trigger is on."""
    with templates.clone(migrated_template) as url:
        yield url


@pytest.fixture
def demo_database(templates: Templates, demo_template: Template) -> Iterator[str]:
    """DATABASE_URL of a copy, of this test alone, of the database with the demo cohort."""
    with templates.clone(demo_template) as url:
        yield url


@pytest.fixture
def cloned_orm(cloned_database: str, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """Point the models, in every thread of this process, at `cloned_database`; yields its DATABASE_URL."""
    with redirected(cloned_database, django_db_blocker):
        yield cloned_database


@pytest.fixture
def demo_orm(demo_database: str, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """Point the models at a copy of the database with the demo cohort; yields its DATABASE_URL."""
    with redirected(demo_database, django_db_blocker):
        yield demo_database


@pytest.fixture(scope="module")
def demo(
    templates: Templates, demo_template: Template, django_db_blocker: DjangoDbBlocker, django_db_setup: None
) -> Iterator[Addresses]:
    """The models pointed at a copy of the demo database for a whole module, with addresses of one patient's data."""
    from tests.trial.addresses import Addresses

    with templates.clone(demo_template) as url, redirected(url, django_db_blocker):
        yield Addresses()


@contextmanager
def redirected(database_url: str, blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let every alias of this process lead to another database."""
    with blocker.unblock(), ExitStack() as undo:
        for alias in connections:
            undo.enter_context(_Redirected(alias, database_url))
        yield


class _Redirected:
    """Replace one alias's connection and settings by those of another database, and put them back."""

    def __init__(self, alias: str, url: str) -> None:
        self.alias = alias
        self.settings: dict[str, Any] = connections.settings[alias]
        config = environ.Env.db_url_config(url)
        self.place = {key: config.get(key, "") for key in PLACE}

    def __enter__(self) -> None:
        self.kept = (connections[self.alias], dict(self.settings))
        self.settings.update(self.place)
        connections[self.alias] = connections.create_connection(self.alias)

    def __exit__(self, *_: object) -> None:
        connections[self.alias].close()
        self.settings.clear()
        self.settings.update(self.kept[1])
        connections[self.alias] = self.kept[0]


SiteFactory = Callable[..., RunningSite]


@pytest.fixture
def site_factory(tmp_path: Path) -> Iterator[Callable[[str, Template], RunningSite]]:
    """Start sites by hand: `site_factory(database_url, template, **environment)`; ended after the test."""
    with ExitStack() as started:

        def start(database_url: str, template: Template, **environment: str) -> RunningSite:
            var_dir = tmp_path / f"site-{len(list(tmp_path.iterdir()))}"
            sites.folder_of(template.var_dir, var_dir)
            return started.enter_context(sites.running(database_url, var_dir, **environment))

        yield start


@pytest.fixture
def running_site(site_factory: SiteFactory, cloned_database: str, migrated_template: Template) -> RunningSite:
    """A running site without trial data, with its process, folder and log."""
    return site_factory(cloned_database, migrated_template)


@pytest.fixture
def running_demo_site(site_factory: SiteFactory, demo_database: str, demo_template: Template) -> RunningSite:
    """A running site with the demo cohort, with its process, folder and log."""
    return site_factory(demo_database, demo_template)


@pytest.fixture
def live_site(running_site: RunningSite) -> str:
    """Address of a running site without trial data."""
    return running_site.url


@pytest.fixture
def demo_site(running_demo_site: RunningSite) -> str:
    """Address of a running site with the demo cohort."""
    return running_demo_site.url


@pytest.fixture(scope="session")
def shared_demo_site(
    templates: Templates, demo_template: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Address of one running demo site per test process, for tests that only look."""
    var_dir = tmp_path_factory.mktemp("shared-demo-site") / "var"
    sites.folder_of(demo_template.var_dir, var_dir)
    with templates.clone(demo_template) as url, sites.running(url, var_dir) as site:
        yield site.url
