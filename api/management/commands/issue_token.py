from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from api.permissions import SCOPES
from api.tokens import issue_token
from clinic.models import Site

LONGEST_NAME = 100


class Command(BaseCommand):
    help = "Give an API client a bearer token: alone on the last line, shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        known = " ".join(SCOPES)
        parser.add_argument("name", metavar="NAME", help="a client; made when there is none")
        parser.add_argument("--scopes", help=f"those of the token, of: {known} (default: all)")
        parser.add_argument("--sites", help="ids of the client's sites (default: every site)")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"].strip()
        if not name.isprintable() or not 1 <= len(name) <= LONGEST_NAME:
            raise CommandError(f"A name has 1 to {LONGEST_NAME} printable characters.")
        issued = issue_token(
            name=name,
            scopes=self.scopes(options["scopes"]),
            sites=self.sites(options["sites"]),
            now=timezone.now(),
        )
        self.stdout.write(f"Client: {name}")
        self.stdout.write(f"Client id, for /o/token/: {issued.client_id}")
        if issued.secret:
            self.stdout.write(f"Client secret, shown this once: {issued.secret}")
        self.stdout.write(f"Scopes: {' '.join(issued.scopes)}")
        self.stdout.write(f"The token below lasts until {issued.expires_at:%d %b %Y}.")
        self.stdout.write(issued.token)

    def scopes(self, given: str | None) -> list[str] | None:
        if given is None:
            return None
        asked = given.replace(",", " ").split()
        if strange := [scope for scope in asked if scope not in SCOPES]:
            raise CommandError(f"Unknown: {' '.join(strange)}. Scopes are: {' '.join(SCOPES)}")
        return asked

    def sites(self, given: str | None) -> list[Site] | None:
        if given is None:
            return None
        asked = given.replace(",", " ").split()
        found = list(Site.objects.filter(pk__in=[site for site in asked if site.isdecimal()]))
        if not asked or len(found) != len(set(asked)):
            known = ", ".join(f"{site.pk} {site.name}" for site in Site.objects.all())
            raise CommandError(f"Sites are: {known}")
        return found
