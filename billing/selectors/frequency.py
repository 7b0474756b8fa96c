"""How often visits come, in words, as an estimate that covers a series has to say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from clinic.models import Site
from scheduling import catalogue
from scheduling.models import Appointment

NOUNS = {
    "infusion": ("infusion", "infusions"),
    "dosing": ("dosing", "dosings"),
    "therapy": ("therapy session", "therapy sessions"),
    "screening": ("screening", "screenings"),
    "consult": ("consultation", "consultations"),
    "review": ("review", "reviews"),
}


def how_often(visits: Sequence[Appointment], site: Site) -> str:
    """11 visits: 1 screening, 7 therapy sessions about every 6 days, 3 infusions about every week.

    `visits` are in order of time.
    """
    by_kind: dict[str, list[date]] = defaultdict(list)
    for visit in visits:
        step = catalogue.step_of(visit.protocol_version.definition, visit.step) or {}
        by_kind[step.get("kind", "")].append(visit.starts_at.astimezone(site.zone).date())
    told = [_kind(kind, days) for kind, days in by_kind.items()]
    if len(visits) == 1:
        return told[0]
    return f"{len(visits)} visits: {', '.join(told)}" if told else "No visit"


def _kind(kind: str, days: Sequence[date]) -> str:
    one, many = NOUNS.get(kind, ("visit", "visits"))
    count = len(days)
    if count == 1:
        return f"1 {one}"
    every = round((days[-1] - days[0]).days / (count - 1))
    apart = {0: "on one day", 1: "every day", 7: "about once a week"}.get(
        every, f"about every {every} days"
    )
    return f"{count} {many} {apart}"
