"""Sites: what they are, when they are open, when they are closed, how far they are apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import TypedDict

from django.core.exceptions import ValidationError

from clinic.models import Closure, OpeningHours, Organisation, Site, Travel
from clinic.services.facts import Pen, remove, save
from clinic.services.hours import WEEKDAYS, overlapping, week_span


class SiteFacts(TypedDict, total=False):
    """What can be said of a site; the fields of Site."""

    organisation: Organisation
    name: str
    neutral_name: str
    time_zone: str
    country: str
    subdivision: str
    address: str
    phone: str
    nurse_lanes: int
    start_grain_minutes: int
    keeps_public_holidays: bool
    late_cancel_hours: int


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """Open on a weekday (0 is Monday), in the site's clock; to or before `opens` is overnight."""

    weekday: int
    opens: time
    closes: time

    def __str__(self) -> str:
        return f"{WEEKDAYS[self.weekday]} {self.opens:%H:%M}-{self.closes:%H:%M}"


def write_site(site: Site | None, facts: SiteFacts, pen: Pen) -> Site:
    """Add a site (None) or change what is given of one. ValidationError by field."""
    row = site or Site()
    if site is None and "organisation" not in facts:
        raise ValidationError({"organisation": "A site is of an organisation."})
    save(row, dict(facts), pen, site=site)
    return row


def write_closure(
    site: Site, *, first: date, last: date, reason: str, opens_anyway: bool, pen: Pen
) -> Closure:
    """Days on which a site is closed, or open though a holiday. ValidationError by field."""
    row = Closure(site=site)
    facts = {"first": first, "last": last, "reason": reason, "opens_anyway": opens_anyway}
    save(row, facts, pen, site=site)
    return row


def delete_closure(closure: Closure, pen: Pen) -> None:
    """The days are as any others again."""
    remove(closure, pen, site=closure.site, fields=("first", "last", "reason", "opens_anyway"))


def write_opening_hours(site: Site, openings: Sequence[Opening], pen: Pen) -> list[OpeningHours]:
    """The whole week of a site, in place of what was. ValidationError for those that overlap."""
    if any(not 0 <= one.weekday < len(WEEKDAYS) for one in openings):
        raise ValidationError({"openings": "A weekday is 0, Monday, to 6, Sunday."})
    if overlapping(week_span(one.weekday, one.opens, one.closes) for one in openings):
        raise ValidationError({"openings": "Two openings overlap."})
    pen.unchanged(site)
    standing = OpeningHours.objects.filter(site=site)
    before = [str(Opening(row.weekday, row.opens, row.closes)) for row in standing]
    after = [str(one) for one in sorted(openings)]
    if before != after:
        standing.delete()
        OpeningHours.objects.bulk_create(
            OpeningHours(site=site, weekday=one.weekday, opens=one.opens, closes=one.closes)
            for one in openings
        )
        pen.note("changed", site, site, {"hours": before}, {"hours": after})
    return list(OpeningHours.objects.filter(site=site))


def write_travel(site: Site, other: Site, minutes: int, pen: Pen) -> Travel:
    """How long somebody is on the way between two sites, whichever way. ValidationError."""
    if site.pk == other.pk:
        raise ValidationError({"other": "Travel is between two sites."})
    pairs = Travel.objects.filter(site__in=[site, other], other__in=[site, other])
    row = pairs.first() or Travel(site=site, other=other)
    save(row, {"minutes": minutes}, pen, site=site)
    return row
