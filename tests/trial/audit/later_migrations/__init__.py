"""The users app's migrations with three more: a column added with a default, data changed, the column removed."""

from __future__ import annotations

from trial.users import migrations

__path__ = [*__path__, *migrations.__path__]
