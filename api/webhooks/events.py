"""What webhooks tell of: the journal's actions, the type each is told as, and what it means."""

from __future__ import annotations

from dataclasses import dataclass

# journal action | event type | what happened. What is not here is told to nobody.
TABLE = """
series.booked      | series.booked              | A whole series was booked, all its visits at once.
series.extended    | series.extended            | Visits were added to a series.
series.cancelled   | series.cancelled           | The rest of a series was cancelled.
series.restored    | series.restored            | The cancelling of a series was taken back.
series.shortened   | series.shortened           | The extending of a series was taken back.
visit.booked       | appointment.booked         | One visit was booked.
visit.moved        | appointment.moved          | A visit has another time, room or clinician.
visit.cancelled    | appointment.cancelled      | A visit was cancelled.
visit.restored     | appointment.restored       | The cancelling of a visit was taken back.
visit.status       | appointment.status_changed | A visit stands elsewhere: arrived, no-show, over.
visit.uncovered    | appointment.uncovered      | A visit lost somebody or something it needs.
visit.covered      | appointment.covered        | A visit has all it needs again.
visit.to_rebook    | appointment.to_rebook      | A visit was given up and has to be booked anew.
absence.added      | absence.created            | Somebody is away, or a room out of service.
absence.removed    | absence.removed            | An absence was taken back.
outage.added       | outage.created             | A whole site is shut for a while.
outage.removed     | outage.removed             | A site is not shut after all.
recovery.opened    | recovery.opened            | An absence left visits to decide about.
recovery.replanned | recovery.replanned         | There is a fresh plan for what is undecided.
recovery.bettered  | recovery.improved          | A better plan was found for what is undecided.
recovery.accepted  | recovery.accepted          | A plan was accepted, as a whole or in part.
wait.joined        | waitlist.joined            | Somebody waits for a place.
wait.booked        | waitlist.booked            | Somebody who waited has a place.
wait.withdrawn     | waitlist.withdrawn         | Somebody waits no more.
wait.lapsed        | waitlist.lapsed            | A wait is over: its last day has passed.
offer.made         | offer.made                 | A place is held for somebody who waits.
offer.accepted     | offer.accepted             | An offer was taken.
offer.declined     | offer.declined             | An offer was declined.
offer.expired      | offer.expired              | An offer was not answered in time.
offer.withdrawn    | offer.withdrawn            | An offer was taken back.
follow_up.due      | follow_up.due              | A call, questionnaire or visit is due.
follow_up.wished   | follow_up.wished           | A patient asked for a time for a follow-up.
follow_up.booked   | follow_up.booked           | A visit was booked for a follow-up.
follow_up.reopened | follow_up.reopened         | A follow-up is due again.
follow_up.done     | follow_up.done             | A follow-up was done.
follow_up.dropped  | follow_up.dropped          | A follow-up is not needed any more.
patient.added      | patient.created            | A patient was added.
patient.corrected  | patient.corrected          | Details of a patient were corrected.
"""
TEST = "webhook.test"


@dataclass(frozen=True, slots=True)
class EventType:
    """`action` is the journal's; `name` is what others know it as."""

    action: str
    name: str
    about: str


BY_ACTION = {
    one.action: one
    for one in (
        EventType(*(part.strip() for part in line.split("|")))
        for line in TABLE.strip().splitlines()
    )
}
BY_NAME = {one.name: one for one in BY_ACTION.values()}
