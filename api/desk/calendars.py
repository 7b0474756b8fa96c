"""Calendars that people keep elsewhere, as they and who runs the clinic see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.timesince import timesince

from api.desk.breaks import Break, visits_shown
from api.desk.forms import DeskForm
from api.desk.frame import Asked
from clinic.models import Site, Staff
from scheduling.feeds.busy_lines import LARGEST
from scheduling.models import Appointment, Claim, ExternalCalendar
from scheduling.selectors.calendars import Conflict, calendars_of, conflicts_at, conflicts_of

NURSE = Claim.Role.NURSE


class CalendarForm(DeskForm):
    """The address of a calendar kept elsewhere, or a file of it."""

    address = forms.CharField(
        label="Address of the calendar",
        required=False,
        max_length=2000,
        widget=forms.TextInput(
            {"type": "url", "autocomplete": "off", "placeholder": "https://… .ics"}
        ),
    )
    file = forms.FileField(
        label="File",
        required=False,
        allow_empty_file=True,
        help_text=f"An .ics file of up to {LARGEST // 1_000_000} MB. It is read once.",
        widget=forms.FileInput({"accept": ".ics,text/calendar"}),
    )
    label = forms.CharField(
        label="What you call it",
        required=False,
        max_length=100,
        widget=forms.TextInput({"placeholder": "Family", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        file, address = given.get("file"), given.get("address")
        if not self.errors and bool(file) == bool(address):
            said = "Give an address or a file." if not file else "Give the address or the file."
            self.add_error("address", said)
        if file and file.size > LARGEST:
            self.add_error("file", f"The file is larger than {LARGEST // 1_000_000} MB.")
        return given


@dataclass(frozen=True, slots=True)
class Kept:
    """One calendar as its owner sees it: never its address."""

    row: ExternalCalendar
    count: int

    @property
    def name(self) -> str:
        return self.row.label or self.row.host or "A file"

    @property
    def is_file(self) -> bool:
        return not self.row.sealed_address

    @property
    def ago(self) -> str:
        """When it was last read well."""
        if timezone.now() - self.row.last_good_at < timedelta(minutes=1):
            return "just now"
        return f"{timesince(self.row.last_good_at)} ago"

    @property
    def found(self) -> str:
        return f"{self.count} busy time{'' if self.count == 1 else 's'}"


def section(request: Asked, staff: int) -> dict[str, Any]:
    """What the section of My week shows."""
    return {
        "calendars": kept_by(staff),
        "calendar_conflicts": own_conflicts(request, staff, timezone.now()),
        "calendar_form": blank(),
    }


def blank() -> CalendarForm:
    return CalendarForm(auto_id="calendar_%s")


def kept_by(staff: int) -> list[Kept]:
    """Somebody's own calendars from outside."""
    return [Kept(row, count) for row, count in calendars_of(staff, now=timezone.now())]


def own_conflicts(request: Asked, staff: int, now: datetime) -> list[Break]:
    """One's own booked visits that one is busy for."""
    return _shown(request, conflicts_of(Staff.objects.filter(pk=staff), now=now), own=True)


def site_conflicts(request: Asked, site: Site, now: datetime) -> list[Break]:
    """The booked visits of a site that somebody is busy for."""
    return _shown(request, conflicts_at(site, now=now))


def _shown(request: Asked, found: Sequence[Conflict], *, own: bool = False) -> list[Break]:
    sites = Appointment.objects.filter(pk__in={one.visit for one in found})
    zones = {visit.pk: visit.site.zone for visit in sites.select_related("site")}
    return visits_shown(request, [(one.visit, _why(one, zones[one.visit], own)) for one in found])


def _why(one: Conflict, zone: ZoneInfo, own: bool) -> str:
    starts, ends = one.starts_at.astimezone(zone), one.ends_at.astimezone(zone)
    until = f"{ends:%H:%M}" if starts.date() == ends.date() else f"{ends:%a %H:%M}"
    who = "You are" if own else f"{one.person.name} is"
    other = " Another nurse can take over on the cover page." if one.role == NURSE else ""
    return f"{who} busy {starts:%H:%M}–{until}.{other}"
