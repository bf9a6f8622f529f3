"""A site with one row of every audited table and two kept files, in folders of its own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PHONE = "+1 314 555 0142"
KEY = "ab" * 32


@dataclass
class Clinic:
    """The site that is backed up: its folder, where back-ups go, and its files' SHA-256."""

    var_dir: Path
    out: Path
    files: dict[str, str]

    def only_backup(self) -> Path:
        """The one back-up that there is."""
        (path,) = self.out.glob("*.backup")
        return path

    def files_now(self) -> dict[str, str]:
        """Every kept file with its SHA-256, hidden ones too."""
        found = [path for name in ("reports", "uploads") for path in (self.var_dir / name).rglob("*") if path.is_file()]
        return {
            path.relative_to(self.var_dir).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found
        }


@pytest.fixture
def clinic(cloned_orm: str, tmp_path: Path, settings: Any) -> Clinic:
    """Rows in every audited table of a database of its own, a telephone number among them."""
    from tests.trial.audit.rows import save_row
    from trial.audit.context import audited
    from trial.audit.registry import audited_models
    from trial.users.models import Site

    settings.VAR_DIR, settings.BACKUP_KEY = tmp_path / "var", KEY
    settings.REPORTS_DIR, settings.UPLOADS_DIR = settings.VAR_DIR / "reports", settings.VAR_DIR / "uploads"
    settings.KEYS_DIR = settings.VAR_DIR / "keys"
    for folder in (settings.REPORTS_DIR, settings.UPLOADS_DIR / "ab", settings.KEYS_DIR):
        folder.mkdir(parents=True)
    (settings.REPORTS_DIR / "report-0123.pdf").write_bytes(b"%PDF" + bytes(300_000))
    (settings.UPLOADS_DIR / "ab" / "abcd").write_bytes(b"participant\tvolume\n" * 500)
    (settings.KEYS_DIR / "audit_seal.key").write_text("5e" * 32)
    with audited("system:tests", f"told on {PHONE}"):
        Site.objects.create(code="BK", name=f"Clinic, telephone {PHONE}", timezone="America/Chicago")
        for model in audited_models():
            save_row(model)
    made = Clinic(settings.VAR_DIR, tmp_path / "copies", {})
    made.files = made.files_now()
    return made
