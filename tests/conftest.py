"""What every test stands on: an engine named in the report, and a migrated database.

On SQLite the migrated file is kept in var/ under a name made from the migrations and copied for
the next run, which migrates in a blink instead of five seconds. Nothing else is kept.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from hypothesis import settings as tries
from pytest_django.plugin import DjangoDbBlocker

from tests import emptying

emptying.install()
# The same inputs on every run: a build that fails by chance is nobody's. Look further now and then
# with `pytest --hypothesis-profile=default`.
tries.register_profile("suite", derandomize=True, database=None, deadline=None)
tries.load_profile("suite")
MIGRATED_BY = ("*/migrations/*.py", "scheduling/guard.py", "locks/app.txt")


@pytest.fixture(autouse=True)
def _nobody_has_asked_before() -> None:
    """Rates are counted in the cache, which outlives a test."""
    cache.clear()


def pytest_report_header() -> str:
    return f"database: {connection.display_name}"


@pytest.fixture(scope="session")
def migrated_file() -> Path:
    found = sorted(path for glob in MIGRATED_BY for path in settings.BASE_DIR.glob(glob))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in found)).hexdigest()
    return Path(settings.VAR_DIR / f"migrated-{digest[:16]}.sqlite3")


@pytest.fixture(scope="session")
def django_db_keepdb(migrated_file: Path) -> bool:
    return bool(settings.SQLITE and migrated_file.exists())


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_keepdb: bool, migrated_file: Path
) -> None:
    if django_db_keepdb:
        shutil.copyfile(migrated_file, settings.DATABASES["default"]["TEST"]["NAME"])


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None,
    django_db_keepdb: bool,
    django_db_blocker: DjangoDbBlocker,
    migrated_file: Path,
) -> Iterator[None]:
    if settings.SQLITE and not django_db_keepdb:
        for older in settings.VAR_DIR.glob("migrated-*.sqlite3"):
            older.unlink(missing_ok=True)
        own = migrated_file.with_suffix(f".{Path(connection.settings_dict['NAME']).name}")
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(own)])
        own.replace(migrated_file)
    yield
    if settings.SQLITE:
        connection.close()
        test_file = Path(settings.DATABASES["default"]["TEST"]["NAME"])
        for path in test_file.parent.glob(f"{test_file.name}*"):
            if django_db_keepdb or path != test_file:  # a file not kept is removed by Django
                path.unlink()
