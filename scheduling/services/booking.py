"""Hold and book. Each verb is one transaction: everything, or nothing and the reasons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import IntegrityError

from clinic.journal import Actor, record
from clinic.models import Patient, Site
from clinic.spans import minute, moment
from clinic.transactions import durable
from scheduling import catalogue, daybook
from scheduling.daybook.locks import sweep
from scheduling.errors import ProposalUnknown, Refused, SlotTaken
from scheduling.models import Appointment, Claim, Hold, ProtocolVersion, Series
from scheduling.planner.day import Diary
from scheduling.planner.plans import PlannedVisit, Refusal
from scheduling.planner.protocols import THERAPIST, Protocol
from scheduling.planner.single import ANYTHING, Wish, place
from scheduling.selectors.single import anchors_of, running_series
from scheduling.services.placing import Judged, judge, rebuild, write_hold, write_visits
from scheduling.tokens import Draft, open_token

HOLD_LASTS = timedelta(minutes=15)
LONGEST_TURNOVER = 240
P = ParamSpec("P")
R = TypeVar("R")


def guarded(service: Callable[P, R]) -> Callable[P, R]:
    """The database has the last word: what it refuses was taken, or booked, a moment ago."""

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return service(*args, **kwargs)
        except IntegrityError as error:
            raise _told(error) from error

    return run


def _told(error: IntegrityError) -> Exception:
    """The refusal that a constraint stands for; the error itself where it stands for none."""
    said = str(error)
    if "claim_is_alone" in said:
        message = "Somebody booked this place a moment ago. Ask for proposals again."
        return SlotTaken([Refusal("claim_is_alone", "place", message)])
    # SQLite names the columns of an index and not the index.
    if "one_live_visit_a_step" in said or "scheduling_appointment.step" in said:
        message = "Somebody booked this visit of the series a moment ago."
        return SlotTaken([Refusal("step_is_missing", "step", message)])
    return error


@guarded
@durable
def hold_proposal(*, token: str, actor: Actor, now: datetime) -> Hold:
    """Hold a proposal for 15 minutes, instead of any other of the proposals it came with.

    Raises ProposalUnknown, ProposalExpired, SlotTaken.
    """
    return enter_hold(token=token, until=now + HOLD_LASTS, actor=actor, now=now)


def enter_hold(*, token: str, until: datetime, actor: Actor, now: datetime) -> Hold:
    """`hold_proposal` up to a moment, within a transaction that is open already."""
    draft = open_token(token, now=now)
    release(draft)
    patient, site, version, protocol = parties(draft)
    judged, diary = _open(draft, patient, site, protocol, now)
    hold = Hold.objects.create(
        offer=draft.offer,
        patient=patient,
        site=site,
        protocol_version=version,
        held_by=actor.name,
        expires_at=until,
    )
    write_hold(judged, hold, patient, diary, now)
    record(
        actor=actor,
        now=now,
        action="proposal.held",
        subject=f"hold:{hold.pk}",
        site=site,
        after={
            "patient": patient.pk,
            "protocol": str(version),
            "until": hold.expires_at.isoformat(),
        },
    )
    return hold


@guarded
@durable
def book_series(*, token: str, actor: Actor, now: datetime) -> Series:
    """Book a proposal: series, visits, phases and claims, consuming the hold it may have.

    Monitoring nurses are chosen now, others' monitoring repacked if that is what it takes.
    Raises ProposalUnknown, ProposalExpired, SlotTaken (nothing saved).
    """
    return enter_series(token=token, actor=actor, now=now)


def enter_series(*, token: str, actor: Actor, now: datetime) -> Series:
    """`book_series` within a transaction that is open already."""
    draft = open_token(token, now=now)
    release(draft)
    patient, site, version, protocol = parties(draft)
    judged, diary = _open(draft, patient, site, protocol, now)
    origin = next((v.start for v in judged.visits if v.step == protocol.origin), None)
    series = Series.objects.create(
        patient=patient,
        protocol_version=version,
        site=site,
        therapist_id=_therapist(judged.visits) if protocol.same_therapist else None,
        d0=draft.completed[protocol.origin] if origin is None else _site_date(origin, site),
        completed={step: day.isoformat() for step, day in draft.completed.items()},
        created_at=now,
        updated_at=now,
    )
    visits = write_visits(
        judged, diary, patient=patient, site=site, version=version, series=series, now=now
    )
    record(
        actor=actor,
        now=now,
        action="series.booked",
        subject=f"series:{series.pk}",
        site=site,
        after={
            "patient": patient.pk,
            "protocol": protocol.key,
            "version": version.version,
            "visits": {visit.step: visit.starts_at.isoformat() for visit in visits},
        },
    )
    return series


@guarded
@durable
def book_visit(
    *,
    patient: Patient,
    site: Site,
    version: ProtocolVersion,
    step: str,
    starts_at: datetime,
    wish: Wish = ANYTHING,
    actor: Actor,
    now: datetime,
) -> Appointment:
    """Book one visit: a missing step of the patient's running series, else one on its own.

    Rooms and clinicians are chosen, those wished for where they suit. Raises Refused when a rule
    is against it, SlotTaken when only another claim is, KeyError when the protocol has no such
    step.
    """
    return enter_visit(
        patient=patient,
        site=site,
        version=version,
        step=step,
        starts_at=starts_at,
        wish=wish,
        actor=actor,
        now=now,
    )


def enter_visit(
    *,
    patient: Patient,
    site: Site,
    version: ProtocolVersion,
    step: str,
    starts_at: datetime,
    wish: Wish = ANYTHING,
    actor: Actor,
    now: datetime,
) -> Appointment:
    """`book_visit` within a transaction that is open already."""
    series = running_series(patient, site, version, step)
    anchors = anchors_of(series) if series else {}
    protocol = catalogue.protocol(
        version.definition, version=version.version, reaching=[step, *anchors]
    )
    start = minute(starts_at)
    wanted = protocol.step(step)
    if catalogue.is_added(version.definition, step) and wanted.gaps[0].anchor not in anchors:
        raise KeyError(step)  # a visit more belongs after the one before it
    day = _site_date(start, site)
    first, last = day, _site_date(start + wanted.minutes, site)
    everything = daybook.read(site=site, first=first, last=last, now=now, patient=patient)
    therapist = series.therapist_id if series else None
    choice = place(wanted, start, wish.among(wanted, everything), therapist=therapist)
    diary = daybook.open_days(
        site=site,
        spans=[(choice.start, choice.end + LONGEST_TURNOVER)],
        first=first,
        last=last,
        resources=[claim.resource for claim in choice.claims],
        now=now,
        patient=patient,
    )
    judged = judge(
        [choice], diary, protocol, acuity=patient.acuity, anchors=anchors, therapist=therapist
    )
    if not isinstance(judged, Judged):
        raise refusal_of(judged)
    [visit] = write_visits(
        judged, diary, patient=patient, site=site, version=version, series=series, now=now
    )
    record(
        actor=actor,
        now=now,
        action="visit.booked",
        subject=f"appointment:{visit.pk}",
        site=site,
        after={"patient": patient.pk, "step": step, "starts_at": visit.starts_at.isoformat()},
    )
    return visit


@durable
def release_hold(*, token: str, actor: Actor, now: datetime) -> bool:
    """Let go of the hold on any proposal of the set that a token is of; False when there is none.

    Raises ProposalUnknown, ProposalExpired.
    """
    released = release(open_token(token, now=now))
    for hold, site in released:
        record(actor=actor, now=now, action="proposal.released", subject=f"hold:{hold}", site=site)
    return bool(released)


@durable
def expire_holds(*, now: datetime) -> int:
    """Free what holds past their time still claim; how many there were."""
    return sweep(now=now)


TAKEN = frozenset(
    {
        "room_is_free",
        "clinician_is_free",
        "patient_is_free",
        "nurse_cover_is_kept",
        "claim_is_alone",
    }
)


def refusal_of(refusals: list[Refusal]) -> Refused:
    """A place that somebody else has is SlotTaken; a rule broken is Refused."""
    kind = SlotTaken if all(refusal.rule in TAKEN for refusal in refusals) else Refused
    return kind(refusals)


def release(draft: Draft) -> list[tuple[int, int]]:
    """Give up the hold on any proposal of the same set: it is moved, used or let go.

    (hold, site) of what was given up.
    """
    holds = Hold.objects.select_for_update().filter(offer=draft.offer)
    released = [(hold.pk, hold.site_id) for hold in holds]
    if released:
        ids = [hold for hold, _ in released]
        Claim.objects.filter(hold__in=ids).delete()
        Hold.objects.filter(pk__in=ids).delete()
    return released


def parties(draft: Draft) -> tuple[Patient, Site, ProtocolVersion, Protocol]:
    try:
        patient = Patient.objects.get(pk=draft.patient)
        site = Site.objects.select_related("organisation").get(pk=draft.site)
        version = ProtocolVersion.objects.select_related("protocol").get(pk=draft.version)
    except (Patient.DoesNotExist, Site.DoesNotExist, ProtocolVersion.DoesNotExist) as error:
        raise ProposalUnknown from error
    return patient, site, version, catalogue.protocol(version.definition, version=version.version)


def _open(
    draft: Draft, patient: Patient, site: Site, protocol: Protocol, now: datetime
) -> tuple[Judged, Diary]:
    """Lock what the draft needs, read it, and judge it anew; SlotTaken when it does not fit."""
    spans = [
        (v.start, v.start + protocol.step(v.step).minutes + LONGEST_TURNOVER) for v in draft.visits
    ]
    days = {_site_date(edge, site) for one in spans for edge in one}
    diary = daybook.open_days(
        site=site,
        spans=spans,
        first=min(days),
        last=max(days),
        resources=[
            *(room for visit in draft.visits for room, _ in visit.rooms),
            *(person for visit in draft.visits for person in visit.clinicians),
        ],
        now=now,
        patient=patient,
        days=days,
    )
    visits: list[PlannedVisit] = []
    gone: list[Refusal] = []
    for visit in draft.visits:
        rebuilt = rebuild(visit, protocol, diary)
        (gone if isinstance(rebuilt, Refusal) else visits).append(rebuilt)  # type: ignore[arg-type]
    judged = gone or judge(
        visits, diary, protocol, acuity=patient.acuity, anchors=dict(draft.completed)
    )
    if not isinstance(judged, Judged):
        raise SlotTaken(judged)
    return judged, diary


def _therapist(visits: tuple[PlannedVisit, ...]) -> int | None:
    """Who the therapist of these visits is, if any has one."""
    claims = (claim for visit in visits for claim in visit.claims)
    return next((claim.resource for claim in claims if claim.role == THERAPIST), None)


def _site_date(at: int, site: Site) -> date:
    return moment(at).astimezone(site.zone).date()
