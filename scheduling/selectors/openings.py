"""When one visit of a protocol could be: the first times that keep every rule, as proposals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice

from clinic.models import Patient, Site
from clinic.spans import minute, minute_up
from scheduling import catalogue, daybook, tokens
from scheduling.models import ProtocolVersion
from scheduling.planner.day import Diary
from scheduling.planner.intervals import members, span
from scheduling.planner.nearest import Single, judged
from scheduling.planner.plans import Plan, PlannedVisit, Request, Score
from scheduling.planner.single import ANYTHING, Wish, place
from scheduling.planner.starts import Starts
from scheduling.selectors.proposals import Offer, Proposals
from scheduling.selectors.single import anchors_of, running_series, when_away, window_of

APART = 60
"""Minutes between two proposals of one day: a choice, and not the same quarter hour again."""
TRIED_A_DAY = 12
"""Starts judged in full on one day before it is given up: a day's blockers repeat themselves."""


def find_visits(
    *,
    patient: Patient,
    site: Site,
    version: ProtocolVersion,
    step: str,
    start: datetime,
    end: datetime,
    now: datetime,
    wish: Wish = ANYTHING,
    weekdays: Iterable[int] = (),
    earliest: time | None = None,
    latest: time | None = None,
    limit: int = 5,
) -> Proposals:
    """Visits that begin in [start, end), in time order, each with the token that holds or books it.

    A missing step of the patient's running series keeps to its window and its therapist; any other
    is judged on its own. KeyError when the protocol has no such step.
    """
    series = running_series(patient, site, version, step)
    anchors = anchors_of(series) if series else {}
    protocol = catalogue.protocol(
        version.definition, version=version.version, reaching=[step, *anchors]
    )
    wanted = Single(
        step=protocol.step(step),
        protocol=protocol,
        acuity=patient.acuity,
        anchors=anchors,
        therapist=series.therapist_id if series else None,
        wish=wish,
    )
    first, last = (at.astimezone(site.zone).date() for at in (max(start, now), end))
    if series:
        low, high = window_of(series, wanted, site)
        first, last = max(first, low), min(last, high)
    if first > last:
        return Proposals((), (), site, protocol, {})
    everything = when_away(
        daybook.read(
            site=site, first=first, last=last + timedelta(days=1), now=now, patient=patient
        ),
        patient,
    )
    diary = wish.among(wanted.step, everything)
    request = Request(
        protocol,
        patient.acuity,
        not_before=first,
        not_after=last,
        earliest=earliest,
        latest=latest,
    )
    bits = Starts(request, diary).feasible(wanted.step, wanted.therapist).pooled
    bits &= span(max(0, minute_up(start) - diary.start), max(0, minute(end) - diary.start))
    days = _days(diary, first, last, frozenset(weekdays))
    plans = [
        Plan((visit,), Score(0, 0), (), wanted.therapist)
        for visit in islice(_legal(wanted, bits & days, diary), limit)
    ]
    offer = tokens.new_offer()
    drafts = [
        tokens.draft(
            plan=plan,
            protocol=protocol,
            offer=offer,
            patient=patient.pk,
            version=version.pk,
            site=site.pk,
            completed={},
            now=now,
        )
        for plan in plans
    ]
    offers = [
        Offer(tokens.seal(draft), draft.expires_at, plan)
        for draft, plan in zip(drafts, plans, strict=True)
    ]
    names = {r.id: r.name for r in everything.rooms} | {p.id: p.name for p in everything.people}
    return Proposals(tuple(offers), (), site, protocol, names)


def _days(diary: Diary, first: date, last: date, weekdays: frozenset[int]) -> int:
    """Bits of the site dates from first to last on these weekdays, or on any."""
    bits = 0
    for index in range((last - first).days + 1):
        if not weekdays or (first + timedelta(days=index)).weekday() in weekdays:
            bits |= span(diary.midnights[index], diary.midnights[index + 1])
    return bits


def _legal(wanted: Single, bits: int, diary: Diary) -> Iterator[PlannedVisit]:
    """The visits among these starts that keep every rule, in time order, none near another."""
    tried: Counter[int] = Counter()
    after = 0
    for bit in members(bits):
        day = diary.day_of(bit)
        if bit < after or tried[day] >= TRIED_A_DAY:
            continue
        visit = place(wanted.step, diary.start + bit, diary, therapist=wanted.therapist)
        if judged(wanted, visit, diary):
            tried[day] += 1
        else:
            after = bit + APART
            yield visit
