"""The catalogue and the calendar addresses, to look at.

Visits, series and claims are not shown: they are patients' and services own them.
"""

from __future__ import annotations

from django.contrib import admin

from clinic.shown import ReadOnly
from scheduling.models import CalendarFeed, Protocol, ProtocolVersion


@admin.register(Protocol)
class ProtocolAdmin(ReadOnly):
    list_display = ("key", "retired")


@admin.register(ProtocolVersion)
class ProtocolVersionAdmin(ReadOnly):
    list_display = ("name", "protocol", "version", "reviewed_by", "created_at")


@admin.register(CalendarFeed)
class CalendarFeedAdmin(ReadOnly):
    """Without the hash of the address: nobody needs to see it."""

    list_display = (
        *("id", "resource", "site", "detail", "label", "created_by", "created_at"),
        *("revoked_at", "last_fetched_at", "last_fetched_by"),
    )
    fields = list_display[1:]
