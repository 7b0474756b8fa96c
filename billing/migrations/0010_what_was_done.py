import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0002_kept_as_written"),
        ("scheduling", "0010_kept_as_written"),
    ]

    operations = [
        migrations.CreateModel(
            name="Capture",
            fields=[
                (
                    "appointment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="capture",
                        serialize=False,
                        to="scheduling.appointment",
                    ),
                ),
                ("answers", models.JSONField(default=dict)),
                ("times", models.JSONField(default=dict)),
                ("lines", models.JSONField(default=dict)),
                ("flags", models.JSONField(default=list)),
                ("dropped", models.JSONField(default=list)),
                ("captured_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="prepaid",
            name="sale_key",
            field=models.CharField(max_length=120, null=True, unique=True),
        ),
        migrations.CreateModel(
            name="Diagnoses",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("codes", models.JSONField(default=list)),
                ("by", models.CharField(max_length=150)),
                ("at", models.DateTimeField()),
                (
                    "protocol",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="diagnoses",
                        to="scheduling.protocol",
                    ),
                ),
                (
                    "series",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="diagnoses",
                        to="scheduling.series",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "diagnoses",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("protocol__isnull", False), ("series", None)),
                            models.Q(("protocol", None), ("series__isnull", False)),
                            _connector="OR",
                        ),
                        name="diagnoses_of_one_thing",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Draw",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("of", models.CharField(max_length=40)),
                ("cents", models.PositiveBigIntegerField()),
                ("taken_back", models.BooleanField(default=False)),
                ("at", models.DateTimeField()),
                (
                    "appointment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="draws",
                        to="scheduling.appointment",
                    ),
                ),
                (
                    "entry",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="draw",
                        to="billing.entry",
                    ),
                ),
                (
                    "prepaid",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="draws",
                        to="billing.prepaid",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("taken_back", False)),
                        fields=("appointment",),
                        name="one_draw_a_visit",
                    )
                ],
            },
        ),
    ]
