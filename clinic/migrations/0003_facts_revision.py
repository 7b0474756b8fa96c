from django.db import migrations

from clinic import revision


class Migration(migrations.Migration):
    dependencies = [("clinic", "0002_journal_is_append_only")]
    operations = [
        migrations.RunPython(
            lambda apps, editor: revision.install(editor.connection),
            lambda apps, editor: revision.remove(editor.connection),
        )
    ]
