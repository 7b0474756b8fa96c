"""Rules broken on purpose: which may be, and the journal row that says so.

Who may do it is for the doors to ask (`override_rules`); what guards a place or a licence is never
set aside. Works inside the transaction of whoever books or moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError

from clinic.journal import Actor, record
from scheduling.errors import Refused, SlotTaken
from scheduling.models import Appointment
from scheduling.models.series import GONE
from scheduling.planner import rules
from scheduling.planner.day import Diary
from scheduling.planner.placed import Anchor
from scheduling.planner.plans import PlannedVisit, Refusal
from scheduling.planner.protocols import Protocol
from scheduling.services.booking import TAKEN
from scheduling.services.placing import Judged, judge

POLICY: Mapping[str, tuple[str, ...]] = {
    "window_is_kept": ("window_is_kept",),
    "one_visit_a_day": ("one_visit_a_day",),
    "one_therapist_throughout": ("one_therapist_throughout",),
    "weekday_is_allowed": ("weekday_is_allowed",),
    "site_is_open": ("site_is_open",),
    "clinician_is_on_duty": ("staff_is_on_duty",),
    "presence_is_kept": ("presence_is_kept",),
    "nurse_cover_is_kept": ("ratio_is_kept",),
    "patient_is_away": (),
}
"""The rules that may be broken, and what the audit calls them."""


def allowed_by(
    visit: PlannedVisit,
    diary: Diary,
    protocol: Protocol,
    *,
    acuity: int,
    anchors: Mapping[str, Anchor],
    therapist: int | None,
) -> tuple[Judged, list[Refusal]]:
    """A visit that may be written, and what it breaks. Refused, SlotTaken for what never may be."""
    broken = rules.check(
        [visit], diary, protocol, acuity=acuity, anchors=anchors, therapist=therapist
    )
    judged = judge(
        [visit],
        diary,
        protocol,
        acuity=acuity,
        anchors=anchors,
        therapist=therapist,
        lifted=frozenset(POLICY),
    )
    if not isinstance(judged, Judged):
        never = [one for one in judged if one.rule not in POLICY]
        raise (SlotTaken if all(one.rule in TAKEN for one in never) else Refused)(never)
    return judged, broken


def note_override(
    visit: Appointment,
    broken: Sequence[Refusal],
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Write which rules a visit breaks, and why. ValidationError without a reason.

    A gap that is broken is one of the visit at its other end too.
    """
    if not reason.strip():
        raise ValidationError({"override": "Say why; whoever reads the journal will want to know."})
    if not broken:
        return
    names = {rule for one in broken for rule in (one.rule, *POLICY.get(one.rule, ()))}
    concerned = [visit]
    if visit.series_id and {"window_is_kept", "one_visit_a_day"} & names:
        others = Appointment.objects.filter(series=visit.series_id).exclude(status__in=GONE)
        concerned += others.exclude(pk=visit.pk)
    for one in concerned:
        own = names if one.pk == visit.pk else names & {"window_is_kept", "one_visit_a_day"}
        record(
            actor=actor,
            now=now,
            action="override",
            subject=f"appointment:{one.pk}",
            site=one.site_id,
            after={"rules": sorted(own), "reason": reason.strip(), "visit": visit.pk},
        )
