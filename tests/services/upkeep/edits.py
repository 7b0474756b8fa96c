"""What the tests of upkeep share: a clinic with visits booked, and edits that are refused.

The clinic: Juniper House, with the eleven visits of Pia's aud-kare booked, each at 09:00. Her
therapy is with Ana or Theo, her infusions (17, 24 and 31 December) under Ines or Noor.
"""

import pytest
from django.core.exceptions import ValidationError

from clinic.models import (
    Absence,
    AvailabilityException,
    Closure,
    Credential,
    Journal,
    OpeningHours,
    Room,
    Site,
    Staff,
    WeeklyHours,
)
from scheduling.errors import WouldBreakVisits
from scheduling.models import Appointment, Claim
from tests.cast import (
    DESK,
    NOW,
)

BY = {"actor": DESK, "now": NOW}
TABLES = (
    Absence,
    AvailabilityException,
    Closure,
    Credential,
    Journal,
    OpeningHours,
    Room,
    Site,
    Staff,
    WeeklyHours,
)


def who(visit, role):
    """The member of staff who holds a role in a visit."""
    return Staff.objects.get(pk=Claim.objects.filter(appointment=visit, role=role)[0].resource_id)


def where(visit):
    return Room.objects.get(pk=visit.claims.filter(role="room")[0].resource_id)


def everything():
    """All facts as they are in the database."""
    rows = {table.__name__: list(table.objects.order_by("pk").values()) for table in TABLES}
    return rows | {"works at": sorted(Staff.sites.through.objects.values_list("staff", "site"))}


def refused(edit, **facts):
    """The steps of the visits that an edit would break; nothing of it may be left."""
    before = everything()
    with pytest.raises(WouldBreakVisits) as broken:
        edit(**facts, **BY)
    assert everything() == before
    steps = dict(Appointment.objects.values_list("pk", "step"))
    return list(dict.fromkeys(steps[visit] for visit, _ in broken.value.breaks))


def wrong(edit, **facts):
    """The fields of which a message tells."""
    before = everything()
    with pytest.raises(ValidationError) as failed:
        edit(**facts, **BY)
    assert everything() == before
    return sorted(failed.value.message_dict)


def told():
    """The last journal row, as (action, before, after)."""
    entry = Journal.objects.latest("id")
    assert (entry.actor, entry.door, entry.at) == (DESK.name, DESK.door, NOW)
    return entry.action, entry.before, entry.after
