"""Go on with a series after its protocol's last step: the next visits, all of them or none."""

from __future__ import annotations

from datetime import date, datetime

from clinic.journal import Actor, record
from clinic.models import Patient, Site
from clinic.spans import moment
from clinic.transactions import durable
from scheduling import daybook
from scheduling.errors import Refused, SlotTaken
from scheduling.models import Appointment, Series
from scheduling.selectors.extending import gone_on, may_extend, plan_extension
from scheduling.services.booking import LONGEST_TURNOVER, TAKEN, guarded
from scheduling.services.placing import Judged, judge, write_visits


@guarded
@durable
def extend_series(
    *, series: int, visits: int = 1, not_before: date | None = None, actor: Actor, now: datetime
) -> list[Appointment]:
    """Book the next visits, from one to twelve; a series that was completed runs again.

    Series.DoesNotExist; Refused naming the visit that has no place; SlotTaken when somebody
    books one of the places meanwhile. Nothing is saved then.
    """
    course = Series.objects.get(pk=series)
    plan = plan_extension(series=course, visits=visits, not_before=not_before, now=now)
    site = Site.objects.select_related("organisation").get(pk=course.site_id)
    patient = Patient.objects.get(pk=course.patient_id)
    days = {moment(at).astimezone(site.zone).date() for v in plan.visits for at in (v.start, v.end)}
    diary = daybook.open_days(
        site=site,
        spans=[(v.start, v.end + LONGEST_TURNOVER) for v in plan.visits],
        first=min(days),
        last=max(days),
        resources=[claim.resource for visit in plan.visits for claim in visit.claims],
        now=now,
        patient=patient,
        days=days,
    )
    course = Series.objects.select_for_update(of=("self",), no_key=True).get(pk=series)
    if not may_extend(course):
        raise Refused([gone_on()])
    judged = judge(
        plan.visits,
        diary,
        plan.protocol,
        acuity=patient.acuity,
        anchors=plan.anchors,
        therapist=course.therapist_id,
    )
    if not isinstance(judged, Judged):
        raise (SlotTaken if all(one.rule in TAKEN for one in judged) else Refused)(judged)
    made = write_visits(
        judged,
        diary,
        patient=patient,
        site=site,
        version=course.protocol_version,
        series=course,
        now=now,
    )
    before = course.status
    course.status, course.updated_at = Series.State.ACTIVE, now
    course.save(update_fields=["status", "updated_at"])
    record(
        actor=actor,
        now=now,
        action="series.extended",
        subject=f"series:{course.pk}",
        site=site,
        before={"status": before},
        after={"visits": {visit.step: visit.starts_at.isoformat() for visit in made}},
    )
    for visit in made:
        record(
            actor=actor,
            now=now,
            action="visit.booked",
            subject=f"appointment:{visit.pk}",
            site=site,
            after={
                "patient": patient.pk,
                "step": visit.step,
                "starts_at": visit.starts_at.isoformat(),
            },
        )
    return made
