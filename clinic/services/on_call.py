"""Who can be called, whatever their hours. Nothing is booked on it, so no visit is in its way."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError

from clinic.journal import Actor
from clinic.models import OnCall, Site, Staff
from clinic.services.facts import Pen, remove, save
from clinic.transactions import durable


@durable
def add_on_call(
    *,
    staff: int,
    site: int,
    starts_at: datetime,
    ends_at: datetime,
    note: str = "",
    actor: Actor,
    now: datetime,
) -> OnCall:
    """Somebody is on call at a site for [starts_at, ends_at). ValidationError by field."""
    person = Staff.objects.select_for_update(of=("self",), no_key=True).get(pk=staff)
    place = Site.objects.get(pk=site)
    if not person.sites.filter(pk=site).exists():
        raise ValidationError({"site": f"{person.name} does not work at {place.name}."})
    if ends_at <= starts_at:
        raise ValidationError({"ends_at": "It ends before it begins."})
    theirs = OnCall.objects.filter(staff=person, site=place)
    if theirs.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
        raise ValidationError({"starts_at": f"{person.name} is on call in these hours already."})
    row = OnCall(staff=person, site=place)
    facts = {"starts_at": starts_at, "ends_at": ends_at, "note": note}
    save(row, facts, Pen("on_call", actor, now), site=place)
    return row


@durable
def remove_on_call(*, on_call: int, actor: Actor, now: datetime) -> None:
    """They are not on call then. OnCall.DoesNotExist."""
    row = OnCall.objects.select_related("site").select_for_update(of=("self",)).get(pk=on_call)
    fields = ("staff_id", "starts_at", "ends_at", "note")
    remove(row, Pen("on_call", actor, now), site=row.site, fields=fields)
