"""Entries of the ledger are never altered; on PostgreSQL they are not deleted either.

SQLite's test database is emptied by DELETE, so there only UPDATE is refused.
"""

from django.db import migrations

TABLES = ("billing_entry", "billing_posting")
POSTGRES = """
CREATE FUNCTION billing_kept_as_written() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'kept_as_written'; END $$;
"""


def install(apps, editor):
    with editor.connection.cursor() as cursor:
        if editor.connection.vendor == "postgresql":
            cursor.execute(POSTGRES)
        for table in TABLES:
            if editor.connection.vendor == "postgresql":
                cursor.execute(
                    f"CREATE TRIGGER kept_as_written BEFORE UPDATE OR DELETE ON {table} "
                    "FOR EACH ROW EXECUTE FUNCTION billing_kept_as_written()"
                )
            else:
                cursor.execute(
                    f"CREATE TRIGGER {table}_kept_as_written BEFORE UPDATE ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'kept_as_written'); END"
                )


def remove(apps, editor):
    with editor.connection.cursor() as cursor:
        for table in TABLES:
            if editor.connection.vendor == "postgresql":
                cursor.execute(f"DROP TRIGGER kept_as_written ON {table}")
            else:
                cursor.execute(f"DROP TRIGGER {table}_kept_as_written")
        if editor.connection.vendor == "postgresql":
            cursor.execute("DROP FUNCTION billing_kept_as_written")


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
