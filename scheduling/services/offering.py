"""Openings offered to those who wait: held for them, taken, declined, run out, passed on.

An offer holds its place by claims like any hold, so nobody else can have it, and none points at
the past. Errors: Offer.DoesNotExist; `OfferGone` for one that is taken, declined or over.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from clinic.journal import Actor, record
from clinic.models import Site
from clinic.spans import minute, moment
from clinic.transactions import durable
from scheduling import catalogue, daybook
from scheduling.errors import ProposalExpired, ProposalUnknown, Refused, SlotTaken
from scheduling.models import Appointment, Hold, Offer, WaitlistEntry
from scheduling.models.series import AHEAD
from scheduling.planner.day import Diary
from scheduling.planner.nearest import Single
from scheduling.planner.plans import PlannedVisit, Refusal
from scheduling.planner.protocols import NURSE
from scheduling.planner.queue import Waiting, Wants, in_turn, opening_for
from scheduling.planner.single import Wish
from scheduling.selectors.proposals import propose_series
from scheduling.selectors.single import anchors_of, when_away, window_of
from scheduling.services.booking import (
    LONGEST_TURNOVER,
    enter_hold,
    enter_series,
    enter_visit,
    guarded,
)
from scheduling.services.moving import move_to
from scheduling.services.offers import close_offer
from scheduling.services.placing import Judged, judge, write_hold
from scheduling.services.waiting import STANDING, settle_wait
from scheduling.tokens import link_secret, new_offer, secret_hash

SYSTEM = Actor(name="Chairtime", door="task")
LASTS, SOON_LASTS, SERIES_LASTS = timedelta(hours=2), timedelta(minutes=20), timedelta(minutes=25)
SOON = timedelta(hours=24)
AHEAD_LOOKED = timedelta(days=60)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class OfferGone(Exception):
    """Somebody decided already, or it ran out; `offer` says which."""

    def __init__(self, offer: Offer) -> None:
        super().__init__(f"This offer is {offer.get_state_display().lower()} already.")
        self.offer = offer


def fill_openings(*, site: int, actor: Actor = SYSTEM, now: datetime) -> list[Offer]:
    """Offer whoever waits at a site what is free for them, each in their turn.

    Each offer is a transaction of its own: one that is in another's way is passed over.
    """
    place = Site.objects.select_related("organisation").get(pk=site)
    made = []
    for wait in turns(place, now):
        offer = offer_opening(wait=wait.id, actor=actor, now=now)
        if offer:
            made.append(offer)
    return made


def turns(site: Site, now: datetime) -> list[Waiting]:
    """The queue of a site in the order of its turns."""
    rows = WaitlistEntry.objects.filter(site=site, state=WaitlistEntry.State.WAITING)
    queue = [Waiting(row.pk, minute(row.created_at), row.urgent, row.not_after) for row in rows]
    return in_turn(queue, now.astimezone(site.zone).date())


@guarded
@durable
def offer_opening(*, wait: int, actor: Actor, now: datetime) -> Offer | None:
    """Hold the first place that suits somebody who waits, and offer it; None when there is none."""
    entry = WaitlistEntry.objects.select_for_update(of=("self",)).get(pk=wait)
    if entry.state != WaitlistEntry.State.WAITING:
        return None
    if not entry.step:
        return _offer_series(entry, actor, now)
    single, wants = _wanted(entry, now)
    if single is None:
        return None
    found = opening_for(single, wants, _diary(entry, wants, now))
    return _hold(entry, single, found, actor, now) if found else None


@guarded
@durable
def accept_offer(*, offer: int, actor: Actor, now: datetime) -> Appointment:
    """Book what was offered, consuming the hold; the visit, or the first of its series.

    OfferGone, and Refused or SlotTaken when the book changed so that it cannot be any more.
    """
    row, entry = _open(offer, now)
    hold = row.hold
    close_offer(row, Offer.State.ACCEPTED, actor=actor, now=now)
    if hold is None:
        raise SlotTaken([Refusal("hold_is_kept", "offer", "The place was not held any more.")])
    if entry.appointment_id:
        visit = entry.appointment
        assert visit is not None
        move_to(
            visit.pk,
            row.draft,
            reason="an earlier time",
            because="waitlist",
            actor=actor,
            now=now,
        )
        visit.refresh_from_db()
    elif entry.step:
        visit = enter_visit(
            patient=entry.patient,
            site=entry.site,
            version=entry.protocol_version,
            step=entry.step,
            starts_at=moment(row.draft["start"]),
            wish=_wish(row.draft),
            actor=actor,
            now=now,
        )
    else:
        series = enter_series(token=row.draft["token"], actor=actor, now=now)
        visit = series.appointments.order_by("starts_at")[0]
    entry.booked = visit
    settle_wait(entry, WaitlistEntry.State.BOOKED, actor=actor, now=now)
    return visit


@durable
def decline_offer(*, offer: int, actor: Actor, now: datetime) -> Offer:
    """No: the place is free for the next, and they wait on for another one."""
    row, entry = _open(offer, now)
    close_offer(row, Offer.State.DECLINED, actor=actor, now=now)
    _wait_on(entry, now)
    return row


@durable
def expire_offers(*, now: datetime) -> list[int]:
    """Offers that ran out let go of their places; the sites at which the next may be asked."""
    rows = Offer.objects.select_for_update(of=("self",)).filter(
        state=Offer.State.OPEN, expires_at__lte=now
    )
    sites = set()
    for row in rows:
        entry = WaitlistEntry.objects.select_for_update(of=("self",)).get(pk=row.entry_id)
        row.entry = entry
        close_offer(row, Offer.State.EXPIRED, actor=SYSTEM, now=now)
        _wait_on(entry, now)
        sites.add(entry.site_id)
    return sorted(sites)


def offer_by(secret: str) -> Offer | None:
    """The offer behind a patient's link."""
    return Offer.objects.filter(secret_hash=secret_hash(secret)).first()


def _open(offer: int, now: datetime) -> tuple[Offer, WaitlistEntry]:
    """An offer that stands, and who it is for, kept from others."""
    row = Offer.objects.select_for_update(of=("self",)).get(pk=offer)
    if row.state != Offer.State.OPEN or row.expires_at <= now:
        raise OfferGone(row)
    WaitlistEntry.objects.select_for_update(of=("self",)).get(pk=row.entry_id)
    entry = WaitlistEntry.objects.select_related(
        "patient", "site__organisation", "protocol_version__protocol", "appointment"
    ).get(pk=row.entry_id)
    row.entry = entry
    return row, entry


def _wait_on(entry: WaitlistEntry, now: datetime) -> None:
    if entry.state in STANDING:
        entry.state, entry.updated_at = WaitlistEntry.State.WAITING, now
        entry.save(update_fields=["state", "updated_at"])


def _wanted(entry: WaitlistEntry, now: datetime) -> tuple[Single | None, Wants]:
    """The visit that is wanted, judged beside what of its series stands, and when they can."""
    version = entry.protocol_version
    protocol = catalogue.protocol(
        version.definition, version=version.version, reaching=[entry.step]
    )
    series, visit = entry.series, entry.appointment
    anchors = anchors_of(series) if series else {}
    anchors.pop(entry.step, None)
    single = Single(
        step=protocol.step(entry.step),
        protocol=protocol,
        acuity=entry.patient.acuity,
        anchors=anchors,
        therapist=series.therapist_id if series else None,
    )
    zone = entry.site.zone
    soonest = now + timedelta(minutes=entry.notice_minutes)
    first, last = max(entry.not_before, soonest.astimezone(zone).date()), entry.not_after
    if series:
        low, high = window_of(series, single, entry.site)
        first, last = max(first, low), min(last, high)
    before = Offer.objects.filter(entry=entry).values_list("starts_at", flat=True)
    wants = Wants(
        first=first,
        last=last,
        soonest=minute(soonest),
        until=minute(visit.starts_at) if visit else None,
        weekdays=frozenset(WEEKDAYS.index(day) for day in entry.weekdays),
        earliest=entry.earliest,
        latest=entry.latest,
        never=frozenset(minute(start) for start in before),
    )
    stands = visit is None or (visit.status in AHEAD and visit.starts_at > now)
    return (single if stands and first <= last else None), wants


def _diary(entry: WaitlistEntry, wants: Wants, now: datetime) -> Diary:
    diary = daybook.read(
        site=entry.site,
        first=wants.first,
        last=min(wants.last, wants.first + AHEAD_LOOKED) + timedelta(days=1),
        now=now,
        patient=entry.patient,
    )
    return when_away(diary, entry.patient)


def _hold(
    entry: WaitlistEntry, single: Single, found: PlannedVisit, actor: Actor, now: datetime
) -> Offer | None:
    """The place judged anew under its locks, held, and offered."""
    days = {_site_date(edge, entry.site) for edge in (found.start, found.end)}
    diary = daybook.open_days(
        site=entry.site,
        spans=[(found.start, found.end + LONGEST_TURNOVER)],
        first=min(days),
        last=max(days),
        resources=[claim.resource for claim in found.claims],
        now=now,
        patient=entry.patient,
        days=days,
    )
    judged = judge(
        [found],
        diary,
        single.protocol,
        acuity=single.acuity,
        anchors=single.anchors,
        therapist=single.therapist,
    )
    if not isinstance(judged, Judged):
        return None
    starts_at = moment(found.start)
    expires_at = _until(starts_at, entry, now)
    if expires_at <= now:
        return None
    hold = Hold.objects.create(
        offer=new_offer(),
        patient=entry.patient,
        site=entry.site,
        protocol_version=entry.protocol_version,
        held_by="waitlist",
        expires_at=expires_at,
    )
    write_hold(judged, hold, entry.patient, diary, now)
    draft = {
        "start": found.start,
        "rooms": [
            [claim.resource, list(claim.lanes)] for claim in found.claims if claim.kind == "room"
        ],
        "clinicians": list(
            dict.fromkeys(
                claim.resource
                for claim in found.claims
                if claim.kind == "staff" and claim.role != NURSE
            )
        ),
    }
    return _make(entry, hold, draft, starts_at, moment(found.end), expires_at, actor, now)


def _offer_series(entry: WaitlistEntry, actor: Actor, now: datetime) -> Offer | None:
    """The best whole series that may begin in the days asked for, held like any proposal."""
    today = now.astimezone(entry.site.zone).date()
    first = max(entry.not_before, today)
    if first > entry.not_after:
        return None
    try:
        found = propose_series(
            patient=entry.patient,
            protocol_key=entry.protocol_version.protocol.key,
            site=entry.site,
            not_before=first,
            not_after=entry.not_after,
            weekdays=[WEEKDAYS.index(day) for day in entry.weekdays],
            earliest=entry.earliest,
            latest=entry.latest,
            limit=1,
            now=now,
        )
    except Refused:
        return None
    if not found.offers:
        return None
    best = found.offers[0]
    starts_at, ends_at = moment(best.plan.visits[0].start), moment(best.plan.visits[0].end)
    if Offer.objects.filter(entry=entry, starts_at=starts_at).exists():
        return None
    expires_at = min(now + SERIES_LASTS, best.expires_at)
    try:
        hold = enter_hold(token=best.token, until=expires_at, actor=actor, now=now)
    except (SlotTaken, ProposalExpired, ProposalUnknown):
        return None
    return _make(entry, hold, {"token": best.token}, starts_at, ends_at, expires_at, actor, now)


def _make(
    entry: WaitlistEntry,
    hold: Hold,
    draft: Mapping[str, object],
    starts_at: datetime,
    ends_at: datetime,
    expires_at: datetime,
    actor: Actor,
    now: datetime,
) -> Offer:
    offer = Offer.objects.create(
        entry=entry,
        secret_hash=f"new:{hold.pk}",
        hold=hold,
        draft=dict(draft),
        starts_at=starts_at,
        ends_at=ends_at,
        expires_at=expires_at,
        created_at=now,
    )
    offer.secret_hash = secret_hash(link_secret("offer", offer.pk))
    offer.save(update_fields=["secret_hash"])
    entry.state, entry.updated_at = WaitlistEntry.State.OFFERED, now
    entry.save(update_fields=["state", "updated_at"])
    record(
        actor=actor,
        now=now,
        action="offer.made",
        subject=f"offer:{offer.pk}",
        site=entry.site,
        after={
            "entry": entry.pk,
            "patient": entry.patient_id,
            "starts_at": starts_at.isoformat(),
            "expires_at": expires_at.isoformat(),
        },
    )
    return offer


def _until(starts_at: datetime, entry: WaitlistEntry, now: datetime) -> datetime:
    """How long a place is held: shorter when it is soon, never past the notice they need."""
    lasts = SOON_LASTS if starts_at - now < SOON else LASTS
    return min(now + lasts, starts_at - timedelta(minutes=entry.notice_minutes))


def _wish(draft: Mapping[str, object]) -> Wish:
    rooms, people = draft["rooms"], draft["clinicians"]
    assert isinstance(rooms, list)
    assert isinstance(people, list)
    return Wish(room=rooms[0][0] if rooms else None, clinician=people[0] if people else None)


def _site_date(at: int, site: Site) -> date:
    return moment(at).astimezone(site.zone).date()
