from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from scheduling.services.catalogue import export_catalogue


class Command(BaseCommand):
    help = "Print the newest version of every protocol in use as YAML."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(export_catalogue(), ending="")
