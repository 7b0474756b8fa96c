"""Tell patients what became of their visits, of offers and of what is due.

Of visits, not what happened is told but what is new: what a patient was last told is compared with
what is true now, under a lock of the patient. Whatever is asked twice finds nothing new the second
time, a booking undone before its message left is told to nobody, and a cascade is one message.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from clinic.models import Journal, Patient, Site
from clinic.transactions import durable
from scheduling.messaging.words import VISIT_KINDS, day, when
from scheduling.models import Appointment, FollowUp, Message, Offer, WaitlistEntry
from scheduling.models.series import GONE
from scheduling.services.composing import News, compose, queue

BOOKED = ("series.booked", "visit.booked")
MOVED, RESTORED = "visit.moved", "visit.restored"
OF_VISITS = (*BOOKED, MOVED, RESTORED, "visit.cancelled", "visit.to_rebook")
OFFERED, DUE = "offer.made", "follow_up.due"
TOLD_OF = (*OF_VISITS, OFFERED, DUE)

WAITS = timedelta(minutes=2)
"""How long news of visits waits before it leaves, so that what is undone at once is not told."""
TRIED_FOR = timedelta(days=2)
REMEMBERED = timedelta(days=1)
TAKEN_BACK = "Overtaken by a later change before it left."


@dataclass(frozen=True, slots=True)
class Last:
    """What a patient knows of a visit."""

    live: bool
    starts: datetime


def leads(entry: Journal) -> bool:
    """Whether a row is the first of those that one act wrote, so that the act is told once."""
    if entry.action not in OF_VISITS:
        return True
    return not _together(entry).filter(pk__lt=entry.pk).exists()


def queue_for(entry: Journal, *, now: datetime) -> int:
    """Queue what follows from an act, given any journal row of it; how many messages."""
    if entry.action == OFFERED:
        return _queue_offer(entry=entry, now=now)
    if entry.action == DUE:
        return _queue_follow_up(entry=entry, now=now)
    return _tell_visits(_visits_of(_together(entry)), now)


def catch_up(*, within: timedelta, now: datetime) -> int:
    """`queue_for` for every act of that time of which nobody was told; how many messages.

    It finds what a process left undone that was killed, or could not reach the queue of tasks.
    """
    rows = list(
        Journal.objects.filter(at__gte=now - within, at__lte=now, action__in=TOLD_OF).order_by("pk")
    )
    found = _tell_visits(_visits_of(row for row in rows if row.action in OF_VISITS), now)
    others = {row: _key_of(row) for row in rows if row.action not in OF_VISITS}
    keys = Message.objects.filter(key__in=[f"{key}:{c}" for key in others.values() for c in _BOTH])
    known = {key.rpartition(":")[0] for key in keys.values_list("key", flat=True)}
    return found + sum(queue_for(row, now=now) for row, key in others.items() if key not in known)


_BOTH = ("email", "text")


def _together(entry: Journal) -> Any:
    return Journal.objects.filter(
        at=entry.at, actor=entry.actor, door=entry.door, action__in=OF_VISITS
    )


def _key_of(entry: Journal) -> str:
    """offer:12, follow_up:9."""
    return entry.subject


def _id(subject: str) -> int:
    return int(subject.partition(":")[2])


def _visits_of(rows: Iterable[Journal]) -> dict[tuple[int, int], list[int]]:
    """(patient, site) -> the visits that journal rows tell of."""
    subjects = {row.subject for row in rows}
    visits = [_id(subject) for subject in subjects if subject.startswith("appointment:")]
    series = [_id(subject) for subject in subjects if subject.startswith("series:")]
    found = Appointment.objects.filter(pk__in=visits) | Appointment.objects.filter(
        series__in=series
    )
    grouped: dict[tuple[int, int], list[int]] = defaultdict(list)
    for pk, patient, site in found.order_by("pk").values_list("pk", "patient_id", "site_id"):
        grouped[patient, site].append(pk)
    return grouped


def _tell_visits(visits: Mapping[tuple[int, int], list[int]], now: datetime) -> int:
    """Look first without a lock: most of what is asked again is told already."""
    return sum(
        tell_patient(patient=patient, site=site, visits=ids, now=now)
        for (patient, site), ids in visits.items()
        if _Case(patient, site, ids, now).is_news
    )


@durable
def tell_patient(*, patient: int, site: int, visits: Sequence[int], now: datetime) -> int:
    """Queue what is new for a patient about these visits; how many messages.

    Messages not yet sent that say something else about them are withdrawn, and what they would
    have said besides is said anew.
    """
    person = Patient.objects.select_for_update(of=("self",), no_key=True).get(pk=patient)
    place = Site.objects.get(pk=site)
    case = _Case(patient, site, visits, now)
    if not case.is_news:
        return 0
    case = _Case(patient, site, case.withdraw(), now)
    written = 0
    for news in case.news():
        written += queue(compose(news, person, place, now=now))
    return written


class _Case:
    """One patient's visits at a site: what is true, what was told, what is new."""

    def __init__(self, patient: int, site: int, visits: Collection[int], now: datetime) -> None:
        self.patient, self.site, self.now = patient, site, now
        found = Appointment.objects.filter(pk__in=visits, patient=patient, site=site)
        self.visits = {visit.pk: visit for visit in found.order_by("starts_at", "pk")}
        self.messages = [
            message
            for message in Message.objects.filter(
                patient=patient, site=site, kind__in=(*VISIT_KINDS, "reminder")
            )
            .exclude(state=Message.State.SENT, kind="reminder")
            .only("pk", "kind", "state", "visits")
            .order_by("pk")
            if self.visits.keys() & {one["id"] for one in message.visits}
        ]
        series = {visit.series_id for visit in self.visits.values() if visit.series_id}
        self.subjects = [f"appointment:{pk}" for pk in self.visits]
        self.subjects += [f"series:{pk}" for pk in series]
        self.rows = self._journal()
        self.told = self._told()
        self.new = {pk for pk in self.visits if self._differs(pk)}

    @property
    def is_news(self) -> bool:
        return bool(self.new)

    def _journal(self) -> dict[int, list[Journal]]:
        """The rows of the last day about each visit, oldest first."""
        found: dict[int, list[Journal]] = defaultdict(list)
        rows = Journal.objects.filter(
            subject__in=self.subjects, action__in=OF_VISITS, at__gte=self.now - REMEMBERED
        )
        for row in rows.order_by("pk"):
            of_visit, id = row.subject.startswith("appointment:"), _id(row.subject)
            for pk, visit in self.visits.items():
                if (pk if of_visit else visit.series_id) == id and (
                    of_visit or visit.created_at <= row.at
                ):
                    found[pk].append(row)
        return found

    def _told(self) -> dict[int, Last | None]:
        """By the last message that was not withdrawn; else by what the journal says was before."""
        told: dict[int, Last | None] = {}
        mentioned = set()
        for message in self.messages:
            if message.kind not in VISIT_KINDS:
                continue
            for one in message.visits:
                mentioned.add(one["id"])
                if message.state != Message.State.WITHDRAWN:
                    starts = datetime.fromisoformat(one["starts"])
                    told[one["id"]] = Last(message.kind != "cancelled", starts)
        for pk, visit in self.visits.items():
            if pk not in told:
                told[pk] = None if pk in mentioned else _before(visit, self.rows.get(pk, []))
        return told

    def _differs(self, pk: int) -> bool:
        visit, told = self.visits[pk], self.told[pk]
        live = visit.status not in GONE
        if max(visit.starts_at, told.starts if told else visit.starts_at) <= self.now:
            return False
        if told is None or not told.live:
            return live
        return not live or visit.starts_at != told.starts

    def withdraw(self) -> set[int]:
        """Take back what has not left and is not true any more; the visits to be told anew."""
        wrong = [
            message
            for message in self.messages
            if message.state == Message.State.QUEUED
            and self.new & {one["id"] for one in message.visits}
        ]
        taken = [message.pk for message in wrong]
        Message.objects.filter(pk__in=taken, state=Message.State.QUEUED).update(
            state=Message.State.WITHDRAWN, reason=TAKEN_BACK
        )
        besides = {
            one["id"] for message in wrong if message.kind in VISIT_KINDS for one in message.visits
        }
        return self.new | besides

    def news(self) -> Iterable[News]:
        """One of each kind that there is: booked, moved, cancelled."""
        event = self._event()
        for kind in VISIT_KINDS:
            about = [self.visits[pk] for pk in self.visits if self._kind(pk) == kind]
            if about:
                yield News(
                    kind=kind,
                    key=f"{kind}:{event}",
                    visits=about,
                    was={v.pk: told.starts for v in about if (told := self.told[v.pk])}
                    if kind == "moved"
                    else {},
                    due_at=self.now + WAITS,
                    not_after=self.now + TRIED_FOR,
                )

    def _kind(self, pk: int) -> str:
        if pk not in self.new:
            return ""
        told = self.told[pk]
        if self.visits[pk].status in GONE:
            return "cancelled"
        return "moved" if told and told.live else "booked"

    def _event(self) -> int:
        """The newest change of these visits, which names what is told of it."""
        newest = Journal.objects.filter(subject__in=self.subjects, action__in=OF_VISITS)
        return newest.order_by("-pk").values_list("pk", flat=True).first() or 0


def _before(visit: Appointment, rows: Sequence[Journal]) -> Last | None:
    """What a patient knew of a visit before any message of ours, from the changes of a day.

    None where it was booked on that day; what is true now where nothing is written of it.
    """
    if not rows:
        return Last(visit.status not in GONE, visit.starts_at)
    first = rows[0]
    if first.action in BOOKED:
        return None
    moves = (row.before["starts_at"] for row in rows if row.action == MOVED)
    starts = next(moves, None)
    return Last(
        live=first.action != RESTORED and first.before.get("status") not in GONE,
        starts=datetime.fromisoformat(starts) if starts else visit.starts_at,
    )


@durable
def _queue_offer(*, entry: Journal, now: datetime) -> int:
    """A place is held: said at once, and not after it lapses."""
    offer = Offer.objects.get(pk=_id(entry.subject))
    if offer.state != Offer.State.OPEN or offer.expires_at <= now:
        return 0
    wait = WaitlistEntry.objects.select_related("patient", "site").get(pk=offer.entry_id)
    site = wait.site
    held = Appointment(pk=0, starts_at=offer.starts_at, ends_at=offer.ends_at)
    news = News(
        kind="offer",
        key=_key_of(entry),
        visits=[held],
        fields={"until": when(offer.expires_at.astimezone(site.zone), site.country)},
        link=entry.subject,
        not_after=offer.expires_at,
    )
    return _write(news, wait.patient_id, site, now)


@durable
def _queue_follow_up(*, entry: Journal, now: datetime) -> int:
    """Something is due that a patient can answer by a link."""
    row = FollowUp.objects.select_related("site").get(pk=_id(entry.subject))
    if row.state != FollowUp.State.DUE:
        return 0
    news = News(
        kind="follow_up",
        key=_key_of(entry),
        fields={"due": day(row.due_on)},
        link=entry.subject,
        not_after=now + TRIED_FOR,
    )
    return _write(news, row.patient_id, row.site, now)


def _write(news: News, patient: int, site: Site, now: datetime) -> int:
    person = Patient.objects.select_for_update(of=("self",), no_key=True).get(pk=patient)
    rows = compose(news, person, site, now=now)
    for row in rows:
        row.appointment, row.visits = None, []
    return queue(rows)
