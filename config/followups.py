"""What happened -> what follows. All of it, in one place; no signals.

Keys are the journal's actions. What follows runs after the commit, in order, each in a
transaction of its own if it writes; if it fails, that is logged and what happened stands. Each is
given the journal row. Anything slow or remote is a Celery task that the consequence sends off.
"""

from __future__ import annotations

from billing.tasks import refresh_estimates, refresh_estimates_of_site
from clinic.followups import Table
from clinic.models import Journal
from scheduling.models import WaitlistEntry
from scheduling.services.feeds import retell_patient, retell_room, retell_site
from scheduling.services.follow_ups import follow_up_of
from scheduling.services.messages import leads
from scheduling.tasks import fill_openings, improve_recovery, tell_patients


def tell_soon(entry: Journal) -> None:
    """Patients are told of an act as a whole, by a worker: nobody at the desk waits for that.

    When the queue of tasks cannot be reached, `catch_up_messages` finds it within minutes.
    """
    if leads(entry):
        tell_patients.delay(entry.pk)


def offer_soon(entry: Journal) -> None:
    """What is free again is offered to whoever waits, by a worker.

    When the queue of tasks cannot be reached, `run_waitlist` finds it within half a minute.
    """
    if entry.site_id and _waits_at(entry.site_id):
        fill_openings.delay(entry.site_id)


def better_soon(entry: Journal) -> None:
    """The plan of a recovery is bettered by a worker while the charge nurse looks at it."""
    if entry.after["moves"] or entry.after["stranded"]:
        improve_recovery.delay(int(entry.subject.partition(":")[2]))


def estimate_soon(entry: Journal) -> None:
    """What is booked, moved or given up may need another good faith estimate, by a worker.

    When the queue of tasks cannot be reached, `refresh_recent_estimates` finds it within minutes.
    """
    missed = "no_show" in (entry.before.get("status"), entry.after.get("status"))
    if missed if entry.action == "visit.status" else leads(entry):
        refresh_estimates.delay(entry.pk)


def estimate_anew(entry: Journal) -> None:
    """Other prices make other estimates, by a worker."""
    if entry.site_id:
        refresh_estimates_of_site.delay(entry.site_id)


def _waits_at(site: int) -> bool:
    return WaitlistEntry.objects.filter(site=site, state=WaitlistEntry.State.WAITING).exists()


FOLLOWUPS: Table = {
    "patient.corrected": [retell_patient],
    "room.changed": [retell_room],
    "site.changed": [retell_site],
    "visit.status": [follow_up_of, offer_soon, estimate_soon],
    "visit.to_rebook": [tell_soon, offer_soon, estimate_soon],
    "visit.booked": [tell_soon, estimate_soon],
    "visit.cancelled": [follow_up_of, tell_soon, offer_soon, estimate_soon],
    "visit.restored": [follow_up_of, tell_soon, estimate_soon],
    "visit.moved": [follow_up_of, tell_soon, offer_soon, estimate_soon],
    "series.booked": [tell_soon, estimate_soon],
    "series.cancelled": [follow_up_of, offer_soon, estimate_soon],
    "series.extended": [estimate_soon],
    "package.sold": [estimate_soon],
    "package.ended": [estimate_soon],
    "prices.changed": [estimate_anew],
    "recovery.opened": [better_soon],
    "recovery.replanned": [better_soon],
    "wait.joined": [offer_soon],
    "offer.declined": [offer_soon],
    "offer.expired": [offer_soon],
    "absence.removed": [offer_soon],
    "outage.removed": [offer_soon],
    "exception.added": [offer_soon],
    "offer.made": [tell_soon],
    "follow_up.due": [tell_soon],
}
