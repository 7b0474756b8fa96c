"""Calendar addresses as who has them sees them: one's own, and those of a series one may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import segno
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from api.desk.forms import FeedForm
from api.desk.frame import Asked
from api.permissions import may
from clinic.models import Site
from scheduling.models import CalendarFeed, Series

PROGRAMS = {
    "google": "Google Calendar",
    "microsoft": "Outlook",
    "outlook": "Outlook",
    "ms-office": "Outlook",
    "dataaccessd": "an Apple device",
    "cfnetwork": "an Apple device",
    "macos": "an Apple device",
    "ios": "an Apple device",
    "thunderbird": "Thunderbird",
    "icsx": "ICSx5 on Android",
    "mozilla": "a browser",
}
"""What a program calls itself, in part -> what people call it; the first that fits."""


@dataclass(frozen=True, slots=True)
class Address:
    """A new address, shown this once: to copy, to open, and to point a telephone at."""

    url: str

    @property
    def webcal(self) -> str:
        return self.url.replace("https://", "webcal://").replace("http://", "webcal://")

    @property
    def qr(self) -> SafeString:
        """The address as a picture of squares, in markup without styles or scripts."""
        drawn = segno.make(self.webcal, micro=False).svg_inline(
            border=2, dark="#000", light="#fff", omitsize=True, svgclass="qr-code", lineclass=None
        )
        return mark_safe(drawn)  # noqa: S308 - drawn here; the address is only in its squares


@dataclass(frozen=True, slots=True)
class Given:
    """An address in use: never the address itself."""

    row: CalendarFeed

    @property
    def reader(self) -> str:
        """By what it was last read, in words."""
        told = self.row.last_fetched_by.lower()
        return next((name for part, name in PROGRAMS.items() if part in told), "another program")


def feeds_section(request: Asked, staff: int) -> dict[str, Any]:
    """The addresses of one's own calendar, and the form for another."""
    rows = CalendarFeed.objects.filter(resource=staff, revoked_at=None)
    return {
        "feeds": [Given(row) for row in rows.order_by("-pk")],
        "form": FeedForm(details=details(request)),
        "made": None,
        "feeds_of": None,
        "make_at": reverse("desk:create-feed"),
    }


def series_section(request: Asked, series: Series) -> dict[str, Any]:
    """One's own addresses of a series, and the form for another."""
    rows = CalendarFeed.objects.filter(series=series, created_by=request.user, revoked_at=None)
    return {
        "feeds": [Given(row) for row in rows.order_by("-pk")],
        "form": FeedForm(details=details(request, series.site)),
        "made": None,
        "feeds_of": series,
        "make_at": reverse("desk:create-series-feed", args=[series.pk]),
    }


def details(request: Asked, site: Site | None = None) -> list[tuple[str, str]]:
    """What an address may show, the least first."""
    user = request.user
    shown = [("busy", "Only when I am busy" if site is None else "Only the times")]
    if may(user, "see_day", site) or may(user, "see_own_day", site):
        shown.append(("initials", "The kind of visit and initials"))
    if may(user, "see_care", site) and may(user, "see_names", site):
        shown.append(("full", "Names, rooms and steps"))
    return shown
