from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from clinic.journal import Actor
from scheduling.catalogue import InvalidCatalogue
from scheduling.services.catalogue import import_catalogue


class Command(BaseCommand):
    help = "Take in protocols from a YAML file (- reads standard input): all of it or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="a YAML file such as export_protocols writes")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            imported = import_catalogue(
                text=_text(options["file"]),
                actor=Actor(name="import_protocols", door="command"),
                now=timezone.now(),
            )
        except InvalidCatalogue as invalid:
            raise CommandError(
                f"{options['file']} was not imported; nothing has changed.\n{invalid}"
            ) from None
        for protocol in imported:
            retired = " (retired: not offered)" if protocol.retired else ""
            self.stdout.write(
                f"{protocol.key}: {protocol.change}, version {protocol.version}{retired}"
            )


def _text(name: str) -> str:
    try:
        if name == "-":
            return sys.stdin.buffer.read().decode("utf-8-sig")
        return Path(name).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise CommandError(f"{name} is not UTF-8 text (at byte {error.start}).") from None
