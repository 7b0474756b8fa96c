"""A patient's usual times in templates."""

from __future__ import annotations

import json

from django import template
from django.utils import timezone

from api.desk import times
from clinic.models import Patient
from clinic.wishes import kept, wishes_in

register = template.Library()


@register.filter
def usual(patient: Patient) -> str:
    """`Tue, Thu, morning, not before 09:00`."""
    return times.said(wishes_in(patient.preferences))


@register.filter
def usual_json(patient: Patient) -> str:
    """As the wizard's script reads them."""
    known = kept(wishes_in(patient.preferences))
    return json.dumps({key: known.get(key) for key in ("when", "earliest", "latest", "staff")})


@register.filter
def away(patient: Patient) -> list[str]:
    """The times away that are not over, in words."""
    wishes = wishes_in(patient.preferences)
    zone = patient.home_site.zone if patient.home_site else None
    today = timezone.localdate(timezone=zone)
    return [times.away_said(one) for one in wishes.ahead(today)]


@register.filter
def booking_notes(patient: Patient) -> str:
    """What whoever books should know."""
    return wishes_in(patient.preferences).notes
