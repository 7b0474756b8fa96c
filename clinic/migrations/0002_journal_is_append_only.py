"""The journal's rows are never altered; on PostgreSQL they are not deleted either.

SQLite's test database is emptied by DELETE, so there only UPDATE is refused.
"""

from django.db import migrations

POSTGRES = """
CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'journal_is_append_only'; END $$;
CREATE TRIGGER journal_is_append_only BEFORE UPDATE OR DELETE ON clinic_journal
FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();
"""
SQLITE = """
CREATE TRIGGER journal_is_append_only BEFORE UPDATE ON clinic_journal
BEGIN SELECT RAISE(ABORT, 'journal_is_append_only'); END;
"""


def install(apps, editor):
    with editor.connection.cursor() as cursor:
        cursor.execute(POSTGRES if editor.connection.vendor == "postgresql" else SQLITE)


def remove(apps, editor):
    with editor.connection.cursor() as cursor:
        if editor.connection.vendor == "postgresql":
            cursor.execute("DROP TRIGGER journal_is_append_only ON clinic_journal")
            cursor.execute("DROP FUNCTION journal_is_append_only")
        else:
            cursor.execute("DROP TRIGGER journal_is_append_only")


class Migration(migrations.Migration):
    dependencies = [("clinic", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
