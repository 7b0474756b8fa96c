from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scheduling.audit import violations


class Command(BaseCommand):
    help = "Check everything booked anew. Exit code 1 and one line for each violation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object instead")

    def handle(self, *args: Any, **options: Any) -> None:
        found = violations()
        wrong = [one for one in found if one.severity == "violation"]
        warnings = [one for one in found if one.severity == "warning"]
        if options["json"]:
            told = {
                "violations": [one._asdict() for one in wrong],
                "warnings": [one._asdict() for one in warnings],
            }
            self.stdout.write(json.dumps(told, indent=1))
        else:
            for one in found:
                self.stdout.write(str(one))
            self.stdout.write(f"{len(wrong)} violations, {len(warnings)} warnings.")
        if wrong:
            raise CommandError(f"{len(wrong)} violations.", returncode=1)
