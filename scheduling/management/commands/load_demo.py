from __future__ import annotations

import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.module_loading import import_string

from clinic.models import Site
from scheduling.demo import DemoRefused, Loaded, load
from scheduling.demo.blueprint import SIZES


class Command(BaseCommand):
    help = "Fill an empty database with an invented clinic, 90 days from the start."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--size", choices=sorted(SIZES), default="clinic")
        parser.add_argument("--seed", type=int, default=7, help="another number, another clinic")
        parser.add_argument(
            "--load",
            type=_share,
            default=0.6,
            help="claimed share of open infusion-chair minutes in the first five weeks, 0 to 0.9",
        )
        parser.add_argument(
            "--start",
            type=_day,
            help="first day, YYYY-MM-DD; nothing has happened yet (default: this week's Monday, "
            "visits up to now being over)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        begun, now = time.monotonic(), timezone.now()
        try:
            loaded = load(
                size=options["size"],
                seed=options["seed"],
                load=options["load"],
                start=options["start"],
                now=now,
            )
        except DemoRefused as refusal:
            raise CommandError(str(refusal)) from None
        as_of = now if options["start"] is None else _opening(loaded.first)
        for fill in settings.DEMO_FILLS:
            import_string(fill)(now=as_of)
        self.stdout.write(_told(loaded, options["load"], time.monotonic() - begun))


def _opening(first: date) -> datetime:
    """The first moment of a demo in which nothing has happened yet."""
    return datetime.combine(first, datetime.min.time(), tzinfo=Site.objects.all()[0].zone)


def _told(loaded: Loaded, wanted: float, seconds: float) -> str:
    sites = f"{loaded.sites} site" + ("s" if loaded.sites > 1 else "")
    return (
        f"{loaded.organisation}: {sites}, {loaded.infusion_rooms} infusion rooms with "
        f"{loaded.chairs} chairs, {loaded.other_rooms} therapy rooms, {loaded.staff} staff.\n"
        f"{loaded.patients} patients, {loaded.series} series, {loaded.visits} visits, "
        f"{loaded.first} to {loaded.last}.\n"
        f"Load of the first five weeks: {loaded.load:.3f} (asked for {wanted:.2f}). "
        f"Took {seconds:.1f} s."
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is not a date; write YYYY-MM-DD") from None


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 0.9:
        raise ArgumentTypeError(f"“{text}” is not a load; write a share from 0 to 0.9")
    return share
