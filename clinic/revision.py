"""A stamp that differs after every change of a clinic's facts, so that readers may remember them.

The database draws it, by triggers on each table of facts: a change made through any door, or by
hand, is seen by every process at its next read. It is random and not counted, because a count
rolled back with its transaction would come again and stand for other facts.
"""

from __future__ import annotations

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = (
    "clinic_organisation",
    "clinic_site",
    "clinic_openinghours",
    "clinic_closure",
    "clinic_travel",
    "clinic_room",
    "clinic_staff",
    "clinic_staff_sites",
    "clinic_credential",
    "clinic_weeklyhours",
    "clinic_availabilityexception",
    "clinic_absence",
)


def current() -> int:
    """The stamp of the facts as this transaction sees them: one query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM clinic_factsrevision")
        return int(cursor.fetchone()[0])


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the stamp and its triggers."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE clinic_factsrevision (number bigint NOT NULL)")
        cursor.execute("INSERT INTO clinic_factsrevision VALUES (1)")
        if connection.vendor == "postgresql":
            cursor.execute(
                "CREATE FUNCTION clinic_facts_changed() RETURNS trigger LANGUAGE plpgsql AS $$ "
                "BEGIN UPDATE clinic_factsrevision SET number = (random() * 9e15)::bigint; "
                "RETURN NULL; END $$"
            )
        for table in TABLES:
            for statement in _triggers(connection.vendor, table):
                cursor.execute(statement)


def watch(connection: BaseDatabaseWrapper, table: str) -> None:
    """Let a change of one more table, or of one that was rebuilt, alter the stamp."""
    with connection.cursor() as cursor:
        for statement in _triggers(connection.vendor, table):
            cursor.execute(statement)


def unwatch(connection: BaseDatabaseWrapper, table: str) -> None:
    """Take its triggers away."""
    with connection.cursor() as cursor:
        for statement in _drops(connection.vendor, table):
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers and the stamp away, for migrating backwards."""
    with connection.cursor() as cursor:
        for table in TABLES:
            for statement in _drops(connection.vendor, table):
                cursor.execute(statement)
        if connection.vendor == "postgresql":
            cursor.execute("DROP FUNCTION clinic_facts_changed")
        cursor.execute("DROP TABLE clinic_factsrevision")


def _drops(vendor: str, table: str) -> list[str]:
    if vendor == "postgresql":
        return [f"DROP TRIGGER facts_changed ON {table}"]
    events = ("insert", "update", "delete")
    return [f"DROP TRIGGER {table}_{event}_is_a_fact" for event in events]


def _triggers(vendor: str, table: str) -> list[str]:
    if vendor == "postgresql":
        return [
            f"CREATE TRIGGER facts_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION clinic_facts_changed()"
        ]
    return [
        f"CREATE TRIGGER {table}_{event.lower()}_is_a_fact AFTER {event} ON {table} "  # noqa: S608
        "BEGIN UPDATE clinic_factsrevision SET number = random(); END"
        for event in ("INSERT", "UPDATE", "DELETE")
    ]
