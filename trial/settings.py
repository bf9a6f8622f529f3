"""Settings: the environment read once; no logic beyond choosing an engine's options.

Every variable stands in ``ENVIRONMENT`` with its default and meaning, and ``docs/configuration.md`` is
generated from that table.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any, NamedTuple

import environ
from csp.constants import SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


class Variable(NamedTuple):
    """One variable of the environment: its default as text, and what it does."""

    default: str
    meaning: str


ENVIRONMENT: dict[str, Variable] = {
    "VAR_DIR": Variable("var", "Folder for everything the site writes: database, keys, broker, reports."),
    "DATABASE_URL": Variable("", "Database; empty is SQLite in VAR_DIR. PostgreSQL: postgres://user:pw@host/name."),
    "CELERY_BROKER_URL": Variable("filesystem://localhost", "Broker; redis://… or amqp://… for real services."),
    "SITE_MODE": Variable("demo", "demo, practice or production; demo and practice say so on every page."),
    "SECRET_KEY": Variable("", "Django's signing key; empty: made once in VAR_DIR/keys/secret.key."),
    "AUDIT_SEAL_KEY": Variable("", "Hex key of the audit chain; empty: made once in VAR_DIR/keys/audit_seal.key."),
    "CONTACT_KEYS": Variable(
        "", "Hex keys of the contact details, the one in use first; empty: made once in VAR_DIR/keys/contact.key."
    ),
    "BACKUP_KEY": Variable(
        "", "Hex key of the back-ups (64 digits); empty: made once in VAR_DIR/keys/backup.key, but never in production."
    ),
    "BACKUP_PASSPHRASE_FILE": Variable("", "File whose first line opens the back-ups; goes before BACKUP_KEY."),
    "BACKUP_WITHIN_HOURS": Variable("26", "In production /healthz fails when the last back-up is older."),
    "REHEARSAL_WITHIN_DAYS": Variable("35", "In production /healthz fails when the last rehearsed restore is older."),
    "ALLOWED_HOSTS": Variable("127.0.0.1,localhost,[::1]", "Host names the site answers to."),
    "CSRF_TRUSTED_ORIGINS": Variable("", "Origins trusted for posts behind a proxy, with scheme."),
    "BEHIND_TLS": Variable("false", "true: cookies only over TLS, redirects to https, HSTS."),
    "DEBUG": Variable("false", "Django's debug pages; never with real data."),
    "HOST": Variable("127.0.0.1", "Address the embedded server listens on."),
    "PORT": Variable("8000", "Port the embedded server listens on."),
    "WEB_THREADS": Variable("8", "Threads of the embedded server."),
    "WORKER_PROCESSES": Variable("1", "Processes of the embedded worker."),
    "TRUSTED_PROXIES": Variable("0", "Proxies in front; 0: a client's address is the socket's, whatever headers say."),
    "SIGN_IN_LOCK_SECONDS": Variable("900", "How long a name or an address is locked after too many failed sign-ins."),
    "SIGN_IN_ATTEMPTS_PER_NAME": Variable("5", "Failed sign-ins after which a name is locked."),
    "SIGN_IN_ATTEMPTS_PER_ADDRESS": Variable("20", "Failed sign-ins after which an address is locked."),
    "SESSION_IDLE_SECONDS": Variable("900", "A page covers itself after this long without anything done by a person."),
    "SESSION_ABSOLUTE_SECONDS": Variable("43200", "A session ends this long after signing in."),
    "REQUIRE_MFA": Variable("", "true: PI, data manager and administrator need a second factor; empty: in production."),
    "PASSWORD_MAX_AGE_DAYS": Variable("365", "A password older than this is changed at sign-in; 0: never."),
    "DRAFT_KEEP_DAYS": Variable("14", "A draft that its author did not come back for is forgotten after these days."),
    "JOB_LEASE_SECONDS": Variable("30", "A job whose worker is silent for this long is done by another one."),
    "DEMO_PASSWORD": Variable("demo-only-2026", "Password of the demo accounts; used in demo mode only."),
    "SITE_URL": Variable(
        "http://127.0.0.1:8000",
        "Address of the site as its users type it; it stands in messages. Production needs one with https.",
    ),
    "EMAIL_URL": Variable("consolemail://", "Mail server: smtp+tls://user:password@host:587. Production needs one."),
    "EMAIL_FROM": Variable("trial@localhost", "Sender of the site's messages. Production needs a real one."),
    "LOG_LEVEL": Variable("INFO", "Level of the JSON log."),
}

env = environ.Env()


def read(name: str) -> str:
    """Return the variable *name* from the environment, or its declared default."""
    return str(env.str(name, default=ENVIRONMENT[name].default)) or ENVIRONMENT[name].default


def read_flag(name: str) -> bool:
    """Return a variable that is true or false."""
    return read(name).lower() in {"1", "true", "yes", "on"}


def read_list(name: str) -> list[str]:
    """Return a comma-separated variable as a list."""
    return [part.strip() for part in read(name).split(",") if part.strip()]


VAR_DIR = (BASE_DIR / read("VAR_DIR")).resolve()
KEYS_DIR = VAR_DIR / "keys"
REPORTS_DIR = VAR_DIR / "reports"
UPLOADS_DIR = VAR_DIR / "uploads"
BROKER_DIR = VAR_DIR / "broker"
# VAR_DIR comes first: a folder made on the way to another one would be open to everybody on the machine.
for folder in (VAR_DIR, KEYS_DIR, REPORTS_DIR, UPLOADS_DIR, BROKER_DIR, VAR_DIR / "static"):
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def site_mode() -> str:
    """Return the mode of the site; raises ImproperlyConfigured for an unknown one."""
    modes, mode = ("demo", "practice", "production"), read("SITE_MODE")
    if mode not in modes:
        raise ImproperlyConfigured(f"SITE_MODE is {mode!r}; write one of {', '.join(modes)}.")
    if mode == "production" and read_flag("DEBUG"):
        raise ImproperlyConfigured("DEBUG shows participants' data on its error pages; switch it off in production.")
    return mode


def key_from_file(name: str) -> str:
    """Return the hex key kept in VAR_DIR/keys/*name*, made on first use and readable by its owner only.

    Of processes that start together one makes it: the file appears whole or not at all.
    """
    path, draft = KEYS_DIR / name, KEYS_DIR / f"{name}.{secrets.token_hex(4)}"
    if not path.exists():
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text().strip()


SECRET_KEY = read("SECRET_KEY") or key_from_file("secret.key")
AUDIT_SEAL_KEY = bytes.fromhex(read("AUDIT_SEAL_KEY") or key_from_file("audit_seal.key"))
CONTACT_KEYS = [bytes.fromhex(key) for key in read_list("CONTACT_KEYS") or [key_from_file("contact.key")]]
SITE_MODE = site_mode()
# A key that burns with the disk opens no back-up: a production site brings its own.
BACKUP_KEY = read("BACKUP_KEY") or ("" if SITE_MODE == "production" else key_from_file("backup.key"))
BACKUP_PASSPHRASE_FILE = read("BACKUP_PASSPHRASE_FILE")
BACKUP_WITHIN_HOURS = int(read("BACKUP_WITHIN_HOURS"))
REHEARSAL_WITHIN_DAYS = int(read("REHEARSAL_WITHIN_DAYS"))
DEMO_PASSWORD = read("DEMO_PASSWORD")
HOST = read("HOST")
PORT = int(read("PORT"))
WEB_THREADS = int(read("WEB_THREADS"))
WORKER_PROCESSES = int(read("WORKER_PROCESSES"))
DRAFT_KEEP_DAYS = int(read("DRAFT_KEEP_DAYS"))
JOB_LEASE_SECONDS = float(read("JOB_LEASE_SECONDS"))
DEBUG = read_flag("DEBUG")
ALLOWED_HOSTS = read_list("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = read_list("CSRF_TRUSTED_ORIGINS")
BEHIND_TLS = read_flag("BEHIND_TLS")
TRUSTED_PROXIES = int(read("TRUSTED_PROXIES"))
if SITE_MODE == "production" and BEHIND_TLS and TRUSTED_PROXIES < 1:
    raise ImproperlyConfigured(
        "Behind a proxy every client seems to have the proxy's address, so that anybody's wrong passwords would lock "
        "all of them out. Set TRUSTED_PROXIES to the number of proxies in front."
    )
SIGN_IN_LOCK_SECONDS = int(read("SIGN_IN_LOCK_SECONDS"))
SIGN_IN_ATTEMPTS_PER_ADDRESS = int(read("SIGN_IN_ATTEMPTS_PER_ADDRESS"))
SESSION_IDLE_SECONDS = int(read("SESSION_IDLE_SECONDS"))
SESSION_ABSOLUTE_SECONDS = int(read("SESSION_ABSOLUTE_SECONDS"))
REQUIRE_MFA = read_flag("REQUIRE_MFA") if read("REQUIRE_MFA") else SITE_MODE == "production"
PASSWORD_MAX_AGE_DAYS = int(read("PASSWORD_MAX_AGE_DAYS"))

INSTALLED_APPS = [
    # Before Django's, whose command changepassword it replaces by one that is audited.
    "trial.users",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",  # its templates, for those that the project does not replace
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_htmx",
    "csp",
    "trial.audit",
    "trial.jobs",
    "trial.records",
    "trial.tokens",
    "trial.signatures",
    "trial.locks",
    "trial.backup",
    "trial.participants",
    "trial.contacts",
    "trial.monitoring",
    "trial.safety",
    "infusion",
    "assessments",
    "imaging",
    "reports",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "trial.users.middleware.readable",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "trial.users.sessions.middleware.TimedSessions",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "trial.locks.middleware.LockedAnswer",
    "trial.users.middleware.never_stored",
    "trial.records.drafts.ended_by_saving",
]

ROOT_URLCONF = "trial.urls"
WSGI_APPLICATION = "trial.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "trial" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "trial.users.context.site_frame",
            ],
        },
    },
]

# Fields are drawn by the project's templates where it has one (trial/templates/django/forms), else by Django's.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"


def sqlite_options(*, query_only: bool) -> dict[str, Any]:
    """Return Django's options for SQLite: durable, foreign keys on, waiting instead of failing."""
    pragmas = ["PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON", "PRAGMA recursive_triggers=ON"]
    if query_only:
        pragmas.append("PRAGMA query_only=ON")
    return {
        "timeout": 20,
        "transaction_mode": "DEFERRED" if query_only else "IMMEDIATE",
        "init_command": ";".join(pragmas),
    }


def database(*, query_only: bool = False) -> dict[str, Any]:
    """Return one alias of the database; the second, query-only one is the door of the reports."""
    url = read("DATABASE_URL") or f"sqlite:///{VAR_DIR / 'trial.sqlite3'}"
    config: dict[str, Any] = dict(env.db_url_config(url))
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = sqlite_options(query_only=query_only)
    else:
        config["CONN_MAX_AGE"] = 60
        config["CONN_HEALTH_CHECKS"] = True
        if query_only:
            read_only = "-c default_transaction_isolation=repeatable\\ read -c default_transaction_read_only=on"
            config["OPTIONS"] = {"options": read_only}
    if query_only:
        config["TEST"] = {"MIRROR": "default"}
    return config


DATABASES = {"default": database(), "reporting": database(query_only=True)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["trial.users.guesses.GuessLimit", "trial.users.backends.AccountBackend"]
AXES_HANDLER = "trial.users.guesses.GuessHandler"
AXES_FAILURE_LIMIT = int(read("SIGN_IN_ATTEMPTS_PER_NAME"))
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_COOLOFF_TIME = timedelta(seconds=SIGN_IN_LOCK_SECONDS)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "trial.users.guesses.kept_name"
AXES_CLIENT_IP_CALLABLE = "trial.users.guesses.client_address"
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
# axes' middleware would answer a locked name in words of its own; here every refusal has the same answer.
SILENCED_SYSTEM_CHECKS = ["axes.W002"]
OTP_TOTP_ISSUER = "Ketamine 96 h"
LOGIN_URL = "users:sign_in"
LOGIN_REDIRECT_URL = "participants:today"
LOGOUT_REDIRECT_URL = "users:sign_in"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "trial.users.validators.NotUsedBefore"},
]
# A form sent after the end is kept for its author this long, so the row of a session outlives its end.
HELD_FORM_SECONDS = 3600
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS + HELD_FORM_SECONDS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": [SELF],
    }
}

SITE_URL = read("SITE_URL").rstrip("/")
vars().update(env.email_url_config(read("EMAIL_URL")))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = read("EMAIL_FROM")
EMAIL_DOMAIN = parseaddr(DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
EMAIL_TIMEOUT = 20

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = ["trial.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [
    BASE_DIR / "trial" / "static",
    ("vendor/tabler", BASE_DIR / "node_modules" / "@tabler" / "core" / "dist"),
    ("vendor/uplot", BASE_DIR / "node_modules" / "uplot" / "dist"),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False

CELERY_BROKER_URL = read("CELERY_BROKER_URL")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "seal the audit trail": {"task": "audit.seal", "schedule": 5.0, "options": {"expires": 5}},
    "forget ended sessions": {"task": "sessions.tidy", "schedule": 3600.0, "options": {"expires": 600}},
    "write downtime sheets": {"task": "infusion.downtime", "schedule": 3600.0, "options": {"expires": 600}},
    "forget unconfirmed files": {"task": "imaging.tidy", "schedule": 3600.0, "options": {"expires": 600}},
    "forget old drafts": {"task": "records.tidy", "schedule": 3600.0, "options": {"expires": 600}},
    "judge records by the edit checks": {"task": "monitoring.sweep", "schedule": 600.0, "options": {"expires": 300}},
    "order the messages that are due": {"task": "safety.notify", "schedule": 10.0, "options": {"expires": 10}},
    "send lost jobs again": {"task": "jobs.sweep", "schedule": JOB_LEASE_SECONDS / 3, "options": {"expires": 10}},
}
if CELERY_BROKER_URL.startswith("filesystem:"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR),
        "data_folder_out": str(BROKER_DIR),
        "control_folder": str(BROKER_DIR / "control"),
    }

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "trial.users.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": read("LOG_LEVEL")},
}
