"""What happened -> what follows. All of it, in one place; no signals.

Keys are the journal's actions. What follows runs after the commit, in order, each in a
transaction of its own if it writes; if it fails, that is logged and what happened stands. Each is
given the journal row. Anything slow or remote is a Celery task that the consequence sends off.
"""

from __future__ import annotations

from collections.abc import Sequence

from api.tasks import send_webhooks
from api.webhooks import outbox
from billing.tasks import (
    capture_visit,
    propose_anew,
    refresh_estimates,
    refresh_estimates_of_site,
)
from clinic.followups import Table
from clinic.models import Journal
from clinic.transactions import after_commit
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


def keep_for_webhooks(entries: Sequence[Journal]) -> None:
    """In the transaction of the change, so that webhooks tell of it exactly if it is committed."""
    if outbox.keep(entries):
        after_commit(send_soon)


def send_soon() -> None:
    """When the queue of tasks cannot be reached, the clock finds it within seconds."""
    if outbox.anybody():
        send_webhooks.apply_async(expires=60)


def charge_soon(entry: Journal) -> None:
    """A visit that is over, missed or given up comes to charges or a fee, by a worker.

    When the queue of tasks cannot be reached, `capture_waiting` finds it within minutes.
    """
    stood = {entry.before.get("status"), entry.after.get("status")}
    if stood & {"discharged", "no_show", "cancelled"}:
        capture_visit.delay(int(entry.subject.partition(":")[2]))


def charge_anew(entry: Journal) -> None:
    """Prices or diagnoses changed: proposals that nobody has looked at follow."""
    propose_anew.delay(site=entry.site_id, series=entry.after.get("series"))


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
    "visit.status": [follow_up_of, offer_soon, charge_soon, estimate_soon],
    "visit.to_rebook": [tell_soon, offer_soon, estimate_soon],
    "visit.booked": [tell_soon, estimate_soon],
    "visit.cancelled": [follow_up_of, tell_soon, offer_soon, charge_soon, estimate_soon],
    "visit.restored": [follow_up_of, tell_soon, charge_soon, estimate_soon],
    "visit.moved": [follow_up_of, tell_soon, offer_soon, estimate_soon],
    "series.booked": [tell_soon, estimate_soon],
    "series.cancelled": [follow_up_of, offer_soon, estimate_soon],
    "series.extended": [estimate_soon],
    "package.sold": [estimate_soon],
    "package.ended": [estimate_soon],
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
    "prices.changed": [charge_anew, estimate_anew],
    "diagnoses.set": [charge_anew],
}
