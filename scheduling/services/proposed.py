"""Book one proposed visit, at the very place its proposal names."""

from __future__ import annotations

from datetime import datetime

from clinic.journal import Actor, record
from clinic.spans import moment
from clinic.transactions import durable
from scheduling import catalogue, daybook
from scheduling.errors import SlotTaken
from scheduling.models import Appointment
from scheduling.planner.plans import Refusal
from scheduling.selectors.single import anchors_of, running_series
from scheduling.services.booking import (
    LONGEST_TURNOVER,
    guarded,
    parties,
    refusal_of,
    release,
)
from scheduling.services.placing import Judged, judge, rebuild, write_visits
from scheduling.tokens import open_token


@guarded
@durable
def book_proposed_visit(*, token: str, actor: Actor, now: datetime) -> Appointment:
    """Book the one visit of a proposal: a missing step of the running series, else on its own.

    It consumes the hold that the proposal may have; room and clinician are those it names.
    ProposalUnknown, ProposalExpired; SlotTaken when somebody else has the place, Refused when a
    rule is against it by now.
    """
    draft = open_token(token, now=now)
    release(draft)
    patient, site, version, _ = parties(draft)
    [wanted] = draft.visits
    series = running_series(patient, site, version, wanted.step)
    anchors = anchors_of(series) if series else {}
    protocol = catalogue.protocol(
        version.definition, version=version.version, reaching=[wanted.step, *anchors]
    )
    end = wanted.start + protocol.step(wanted.step).minutes
    first, last = (moment(at).astimezone(site.zone).date() for at in (wanted.start, end))
    diary = daybook.open_days(
        site=site,
        spans=[(wanted.start, end + LONGEST_TURNOVER)],
        first=first,
        last=last,
        resources=[*(room for room, _ in wanted.rooms), *wanted.clinicians],
        now=now,
        patient=patient,
    )
    visit = rebuild(wanted, protocol, diary)
    if isinstance(visit, Refusal):
        raise SlotTaken([visit])
    judged = judge(
        [visit],
        diary,
        protocol,
        acuity=patient.acuity,
        anchors=anchors,
        therapist=series.therapist_id if series else None,
    )
    if not isinstance(judged, Judged):
        raise refusal_of(judged)
    [made] = write_visits(
        judged, diary, patient=patient, site=site, version=version, series=series, now=now
    )
    record(
        actor=actor,
        now=now,
        action="visit.booked",
        subject=f"appointment:{made.pk}",
        site=site,
        after={"patient": patient.pk, "step": made.step, "starts_at": made.starts_at.isoformat()},
    )
    return made
