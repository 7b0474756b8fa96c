from __future__ import annotations

import os
import sys
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from clinic.journal import Actor
from clinic.models import Grant
from clinic.services.access import administrators
from clinic.services.invitations import invite

LASTS = timedelta(days=1)
# Whoever founds a clinic books its first series too; the rights can be taken off them later.
FOUNDER = (Grant.Role.ADMINISTRATOR, Grant.Role.MANAGER, Grant.Role.FRONT_DESK)


class Command(BaseCommand):
    help = "Begin a clinic of one's own: print the address at which its first person signs in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", help="who sets the clinic up; asked for when left out")
        parser.add_argument(
            "--address",
            default=f"http://127.0.0.1:{os.environ.get('PORT', '8000')}",
            help="where the clinic's web pages are (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        if administrators():
            raise CommandError(
                "This clinic has an administrator already. They invite others under Set-up, Staff."
            )
        email = options["email"] or self._asked()
        try:
            _, secret = invite(
                email=email,
                grants=[{"role": role.value, "site": None} for role in FOUNDER],
                lasts=LASTS,
                actor=Actor(name="setup_clinic", door="command"),
                now=timezone.now(),
            )
        except ValidationError as wrong:
            raise CommandError(" ".join(wrong.messages)) from wrong
        self.stdout.write("Open this address within a day; it works once, and it is a key:")
        self.stdout.write(f"{options['address'].rstrip('/')}/welcome/{secret}")

    def _asked(self) -> str:
        if not sys.stdin.isatty():
            raise CommandError(
                "Say who sets the clinic up: setup_clinic --email you@clinic.example"
            )
        return input("Your e-mail: ").strip()
