"""Empty the database between tests that commit: only the tables that something was put into.

Django empties every table and then writes its content types and permissions anew, which takes a
third of a second on PostgreSQL and most of the time of a short test. Those two stay here, and so
does the one row of the stamp on facts.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = {
    "auth_permission",
    "clinic_factsrevision",
    "django_content_type",
    "django_migrations",
}


@cache
def _question() -> tuple[list[str], str]:
    tables = sorted(set(connection.introspection.table_names()) - KEPT)
    quoted = connection.ops.quote_name
    asked = (f"EXISTS (SELECT 1 FROM {quoted(table)})" for table in tables)
    return tables, f"SELECT {', '.join(asked)}"


def empty() -> None:
    """Delete every row of this test, past the guards that refuse deletion."""
    tables, question = _question()
    with (
        connection.constraint_checks_disabled(),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(question)
        told = zip(tables, cursor.fetchone(), strict=True)
        filled = [connection.ops.quote_name(table) for table, some in told if some]
        if connection.vendor == "postgresql" and filled:
            cursor.execute("SHOW is_superuser")
            if cursor.fetchone() != ("on",):
                cursor.execute(f"TRUNCATE {', '.join(filled)} CASCADE")
                return
            cursor.execute("SET LOCAL session_replication_role = replica")
        for table in filled:
            cursor.execute(f"DELETE FROM {table}")


def _teardown(self: Any) -> None:
    empty()


def install() -> None:
    """From now on tests that commit are cleaned up after in this way."""
    TransactionTestCase._fixture_teardown = _teardown  # type: ignore[method-assign]
