"""What takes each change back: one function an action, and the table of them.

They work inside the transaction of `undoing`, which has asked whose change it is and how old.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from django.db.models import Model, QuerySet

from clinic.journal import Actor, ChangedMeanwhile, record
from clinic.models import (
    Absence,
    AvailabilityException,
    Closure,
    Credential,
    Journal,
    Resource,
    Site,
    Staff,
)
from clinic.services import absences, closures, hours, roster
from clinic.services.facts import Pen
from scheduling import daybook
from scheduling.models import Appointment, FollowUp, Series
from scheduling.models.series import AHEAD, GONE
from scheduling.services.cancelling import give_up
from scheduling.services.follow_ups import reopen
from scheduling.services.keeping import sites_of, visits_fit
from scheduling.services.monitoring import give_back
from scheduling.services.moving import move_back
from scheduling.services.notes import keep_note
from scheduling.services.progress import step_back
from scheduling.services.recovering import give_back_all, restore_lost
from scheduling.services.restoring import restore
from scheduling.services.reverting import REVERTED, write_back

UNDONE = "undone"


class NotUndoable(Exception):
    """There is nothing to take back: too old, somebody else's, or undone already."""


class Turn:
    """One undoing: the rows of the change, who takes it back, and when."""

    def __init__(self, rows: Sequence[Journal], actor: Actor, now: datetime) -> None:
        self.rows, self.actor, self.now = rows, actor, now
        self.entry = rows[-1]
        self.id = int(self.entry.subject.partition(":")[2])

    @property
    def site(self) -> Site:
        """Of a change that is always one of a site."""
        assert self.entry.site is not None
        return self.entry.site

    def pen(self, kind: str) -> Pen:
        return Pen(kind, self.actor, self.now)

    def unchanged(self, *others: str, since: int = 0) -> None:
        """To be asked under lock: ChangedMeanwhile when somebody else changed a subject since.

        `since` is the last row of the change, where it wrote more than one.

        NotUndoable when it was the same person: they took it back already, or went on from there.
        """
        subjects = [self.entry.subject, *others]
        last = max(since, self.entry.pk)
        later = Journal.objects.filter(subject__in=subjects, pk__gt=last).order_by("pk")
        changed = list(later)
        if changed and all(one.actor == self.actor.name for one in changed):
            raise NotUndoable("That is undone already, or you have changed it again since.")
        if changed:
            raise ChangedMeanwhile(changed)


Inverse = Callable[[Turn], None]


# Visits and series ------------------------------------------------------------------------------


def _uncancel_visit(turn: Turn) -> None:
    Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=turn.id)
    turn.unchanged()
    restore([turn.entry], actor=turn.actor, now=turn.now)


def _uncancel_series(turn: Turn) -> None:
    series = Series.objects.select_for_update(of=("self",), no_key=True).get(pk=turn.id)
    subjects = [f"appointment:{visit}" for visit in turn.entry.after["visits"]]
    turn.unchanged(*subjects)
    rows = Journal.objects.filter(subject__in=subjects, action="visit.cancelled").order_by("pk")
    cancelled = {row.subject: row for row in rows}
    if not all("held" in row.before for row in cancelled.values()):
        raise NotUndoable("Where its visits were is not kept.")
    restore(list(cancelled.values()), actor=turn.actor, now=turn.now)
    _mark(series, turn, turn.entry.before["status"], "")
    _told(turn, "series.restored", {"status": series.status})


def _unbook_visit(turn: Turn) -> None:
    visits = Appointment.objects.filter(pk=turn.id)
    daybook.lock_visits(list(visits))
    turn.unchanged()
    _give_up(visits, turn)


def _unbook_series(turn: Turn) -> None:
    visits = Appointment.objects.filter(series=turn.id)
    daybook.lock_visits(list(visits))
    ids = list(visits.values_list("pk", flat=True))
    turn.unchanged(*(f"appointment:{visit}" for visit in ids))
    _give_up(visits, turn)
    series = Series.objects.select_for_update(of=("self",), no_key=True).get(pk=turn.id)
    _mark(series, turn, Series.State.CANCELLED, UNDONE)
    after = {"status": series.status, "reason": UNDONE, "visits": ids}
    _told(turn, "series.cancelled", after, before={"status": Series.State.ACTIVE})


def _unextend_series(turn: Turn) -> None:
    """The visits it was extended by are given up; it stands as it did."""
    added = Appointment.objects.filter(series=turn.id, step__in=turn.entry.after["visits"])
    visits = added.exclude(status__in=GONE)
    daybook.lock_visits(list(visits))
    ids = list(visits.values_list("pk", flat=True))
    rows = Journal.objects.filter(
        action="visit.booked", at=turn.entry.at, subject__in=[f"appointment:{one}" for one in ids]
    )
    written = max(rows.values_list("pk", flat=True), default=0)
    turn.unchanged(*(f"appointment:{visit}" for visit in ids), since=written)
    _give_up(visits, turn)
    series = Series.objects.select_for_update(of=("self",), no_key=True).get(pk=turn.id)
    _mark(series, turn, turn.entry.before["status"], series.cancel_reason)
    _told(turn, "series.shortened", {"status": series.status, "visits": ids})


def _move_back(turn: Turn) -> None:
    """The visit, and those that followed it: the rows of one change, told at one time."""
    rows = Journal.objects.filter(
        action="visit.moved", at=turn.entry.at, actor=turn.entry.actor, door=turn.entry.door
    ).order_by("pk")
    together = [row for row in rows if row.after.get("because") == "moved"]
    turn.unchanged(*(row.subject for row in together), since=together[-1].pk)
    move_back(together, actor=turn.actor, now=turn.now)


def _step_back(turn: Turn) -> None:
    daybook.lock_visits(list(Appointment.objects.filter(pk=turn.id)))
    visit = Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=turn.id)
    turn.unchanged()
    step_back(visit, actor=turn.actor, now=turn.now)


def _mark(series: Series, turn: Turn, status: str, reason: str) -> None:
    series.status, series.cancel_reason, series.updated_at = status, reason, turn.now
    series.save(update_fields=["status", "cancel_reason", "updated_at"])


def _give_up(visits: QuerySet[Appointment], turn: Turn) -> None:
    rows = list(visits.select_related("site"))
    if any(visit.status not in AHEAD for visit in rows):
        raise NotUndoable("The visit has begun meanwhile.")
    give_up(rows, reason=UNDONE, actor=turn.actor, now=turn.now)


def _told(
    turn: Turn, action: str, after: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> None:
    record(
        actor=turn.actor,
        now=turn.now,
        action=action,
        subject=turn.entry.subject,
        site=turn.entry.site_id,
        before=before or turn.entry.after,
        after=after,
    )


# Absences, closures, days that differ, credentials: what was added goes, what went returns -------


def _remove_absence(turn: Turn) -> None:
    row = _own(Absence, turn)
    waiting = give_back_all(row)
    absences.delete_absence(row, turn.entry.site, turn.pen("absence"))
    for recovery in waiting:
        restore_lost(recovery, turn.actor, turn.now)


def _add_absence(turn: Turn) -> None:
    was = turn.entry.before
    start, end = (datetime.fromisoformat(was[edge]) for edge in ("starts_at", "ends_at"))
    resource = Resource.objects.get(pk=was["resource_id"])
    with visits_fit(sites_of(resource.pk), now=turn.now, start=start, end=end):
        absences.write_absence(
            resource,
            turn.entry.site,
            starts_at=start,
            ends_at=end,
            reason=was["reason"],
            pen=turn.pen("absence"),
        )


def _remove_closure(turn: Turn) -> None:
    row = _own(Closure, turn)
    with visits_fit([row.site], now=turn.now):
        closures.delete_closure(row, turn.pen("closure"))


def _add_closure(turn: Turn) -> None:
    was, site = turn.entry.before, turn.site
    with visits_fit([site], now=turn.now):
        closures.write_closure(
            site,
            first=date.fromisoformat(was["first"]),
            last=date.fromisoformat(was["last"]),
            reason=was["reason"],
            opens_anyway=was["opens_anyway"],
            pen=turn.pen("closure"),
        )


def _remove_exception(turn: Turn) -> None:
    row = _own(AvailabilityException, turn)
    with visits_fit([row.site], now=turn.now):
        hours.delete_exception(row, turn.pen("exception"))


def _add_exception(turn: Turn) -> None:
    was, site = turn.entry.before, turn.site
    with visits_fit([site], now=turn.now):
        hours.write_exception(
            Staff.objects.get(pk=was["staff_id"]),
            site,
            date.fromisoformat(was["date"]),
            starts=time.fromisoformat(was["starts"]),
            ends=time.fromisoformat(was["ends"]),
            working=was["working"],
            note=was["note"],
            pen=turn.pen("exception"),
        )


def _remove_credential(turn: Turn) -> None:
    row = _own(Credential, turn)
    with visits_fit(row.staff.sites.all(), now=turn.now):
        roster.delete_credential(row, turn.pen("credential"))


def _own(model: type[Model], turn: Turn) -> Any:
    """The row that was added, kept from others until it is gone."""
    row = model._default_manager.select_for_update(of=("self",)).filter(pk=turn.id).first()
    turn.unchanged()
    if row is None:
        raise NotUndoable("It is not there any more.")
    return row


def _rewrite_note(turn: Turn) -> None:
    note = turn.entry.before["note"]
    keep_note(appointment=turn.id, note=note, seen=turn.entry.pk, actor=turn.actor, now=turn.now)


def _reopen_follow_up(turn: Turn) -> None:
    row = FollowUp.objects.select_for_update(of=("self",)).get(pk=turn.id)
    turn.unchanged()
    reopen(row, actor=turn.actor, now=turn.now)


def _give_back(turn: Turn) -> None:
    was = turn.entry.before["given"]
    visits = {f"appointment:{visit}" for visit, *_ in was}
    turn.unchanged(f"monitoring:{turn.site.pk}", *sorted(visits))
    give_back(was, turn.site, turn.entry.subject, actor=turn.actor, now=turn.now)


def _write_back(turn: Turn) -> None:
    write_back(turn.rows, actor=turn.actor, now=turn.now)


INVERSES: dict[str, Inverse] = {
    "visit.booked": _unbook_visit,
    "visit.cancelled": _uncancel_visit,
    "visit.moved": _move_back,
    "visit.status": _step_back,
    "series.booked": _unbook_series,
    "series.cancelled": _uncancel_series,
    "series.extended": _unextend_series,
    "absence.added": _remove_absence,
    "absence.removed": _add_absence,
    "closure.added": _remove_closure,
    "closure.removed": _add_closure,
    "exception.added": _remove_exception,
    "exception.removed": _add_exception,
    "credential.added": _remove_credential,
    "note.changed": _rewrite_note,
    "follow_up.done": _reopen_follow_up,
    "follow_up.dropped": _reopen_follow_up,
    "monitoring.given": _give_back,
    "monitoring.swapped": _give_back,
    "monitoring.balanced": _give_back,
    **dict.fromkeys(REVERTED, _write_back),
}
"""The journal's action -> what takes it back, in the transaction of `undo`."""
