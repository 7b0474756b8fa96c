"""The last word on claims: the SQL by which each engine refuses two of them on one lane."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

POSTGRES_INSTALL = (
    "CREATE EXTENSION IF NOT EXISTS btree_gist",
    """
    ALTER TABLE scheduling_claim ADD CONSTRAINT claim_is_alone EXCLUDE USING gist (
        resource_id WITH =, lane WITH =, int4range(start_minute, end_minute) WITH &&
    )
    """,
)
POSTGRES_REMOVE = ("ALTER TABLE scheduling_claim DROP CONSTRAINT claim_is_alone",)

# Claims already there are disjoint, so only the last one that starts before the new one ends
# can overlap it: one probe of the index.
_PROBE = """
    SELECT RAISE(ABORT, 'claim_is_alone') WHERE (
        SELECT end_minute FROM scheduling_claim
        WHERE resource_id = NEW.resource_id AND lane = NEW.lane
          AND start_minute < NEW.end_minute {but_not_itself}
        ORDER BY start_minute DESC LIMIT 1
    ) > NEW.start_minute;
"""
SQLITE_INSTALL = (
    "CREATE TRIGGER claim_is_alone_insert BEFORE INSERT ON scheduling_claim BEGIN"
    + _PROBE.format(but_not_itself="")
    + "END",
    "CREATE TRIGGER claim_is_alone_update "
    "BEFORE UPDATE OF resource_id, lane, start_minute, end_minute ON scheduling_claim BEGIN"
    + _PROBE.format(but_not_itself="AND id <> OLD.id")
    + "END",
)
SQLITE_REMOVE = ("DROP TRIGGER claim_is_alone_insert", "DROP TRIGGER claim_is_alone_update")


def install(connection: BaseDatabaseWrapper) -> None:
    """Put the guard on; fails when claims already overlap (PostgreSQL) or it is on."""
    _run(connection, POSTGRES_INSTALL if connection.vendor == "postgresql" else SQLITE_INSTALL)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the guard off: for migrating backwards and for proving what it prevents."""
    _run(connection, POSTGRES_REMOVE if connection.vendor == "postgresql" else SQLITE_REMOVE)


def is_on(connection: BaseDatabaseWrapper) -> bool:
    """Whether the database still has it: a table rebuilt on SQLite loses its triggers silently."""
    sql = (
        "SELECT count(*) FROM pg_constraint WHERE conname = 'claim_is_alone' AND contype = 'x'"
        if connection.vendor == "postgresql"
        else "SELECT count(*) / 2 FROM sqlite_master WHERE type = 'trigger' "
        "AND name IN ('claim_is_alone_insert', 'claim_is_alone_update')"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return bool(cursor.fetchone()[0])


def _run(connection: BaseDatabaseWrapper, statements: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
