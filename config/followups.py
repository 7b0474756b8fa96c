"""What happened -> what follows. All of it, in one place; no signals.

Keys are the journal's actions. What follows runs after the commit, in order, each in a
transaction of its own if it writes; if it fails, that is logged and what happened stands. Each is
given the journal row. Anything slow or remote is a Celery task that the consequence sends off.
"""

from __future__ import annotations

from clinic.followups import Table
from scheduling.services.feeds import retell_patient, retell_room, retell_site
from scheduling.services.follow_ups import follow_up_of

FOLLOWUPS: Table = {
    "patient.corrected": [retell_patient],
    "room.changed": [retell_room],
    "site.changed": [retell_site],
    "visit.status": [follow_up_of],
    "visit.cancelled": [follow_up_of],
    "visit.restored": [follow_up_of],
    "visit.moved": [follow_up_of],
    "series.cancelled": [follow_up_of],
}
