"""What the desk says of a series that just lost a visit, and what it opens next."""

from __future__ import annotations

from datetime import datetime

from api.desk import words
from api.desk.frame import Asked
from api.permissions import may
from scheduling.models import Appointment
from scheduling.selectors.outlook import Missing, outlook


def left_of(request: Asked, visit: Appointment, now: datetime) -> str:
    """One sentence on what its series lacks now; the next page opens with times to book it."""
    if visit.series is None or not may(request.user, "see_series", visit.site):
        return ""
    found = outlook(visit.series, now)
    own = next((one for one in found.missing if one.step == visit.step), None)
    if own is None:
        return ""
    if may(request.user, "book_visit", visit.site):
        request.session["rebook"] = [visit.series_id, visit.step]
    return _said(own)


def _said(missing: Missing) -> str:
    if missing.lost:
        return f"Its window, to {words.day(missing.last)}, has no place left for {missing.name}."
    return f"{missing.name} must be booked again by {words.day(missing.last)}."
