from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from api.tokens import UnknownClient, end_tokens


class Command(BaseCommand):
    help = "Shut an API client out: all its tokens and its secret end at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"].strip()
        try:
            ended = end_tokens(name=name, now=timezone.now())
        except UnknownClient:
            raise CommandError(f"No client has the name {name}.") from None
        self.stdout.write(f"Ended {ended} tokens of {name}. issue_token lets it in again.")
