"""All that an estimate on paper is drawn from, read once and frozen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from billing.good_faith import DISPUTE_FROM
from billing.models import Charge, Document, Estimate
from billing.selectors.facts import label, named
from billing.selectors.frequency import how_often
from billing.selectors.providers import providers_of
from scheduling.models import Appointment
from scheduling.models.series import GONE
from scheduling.selectors.visits import step_name

Facts = dict[str, Any]


def of_estimate(estimate: Estimate, replaces: Document | None) -> Facts:
    """What is expected, grouped by visit; `unpriced` says what no price is known for."""
    visits = _visits(estimate)
    days = sorted(line["on"] for line in estimate.lines)
    diagnoses = Charge.objects.filter(appointment__in=visits).values_list("diagnoses", flat=True)
    return {
        "version": estimate.version,
        "course": _course(estimate),
        "how_often": how_often(visits, estimate.site),
        "first": days[0],
        "last": days[-1],
        "cents": estimate.cents,
        "lines": _grouped(estimate.lines),
        "unpriced": sorted({line["problem"] for line in estimate.lines if line["problem"]}),
        "providers": named(providers_of(visits).values()),
        "diagnoses": sorted({code for codes in diagnoses for code in codes}),
        "dispute_cents": DISPUTE_FROM.cents,
        "replaces": label(replaces) if replaces else "",
    }


def _grouped(lines: Iterable[Facts]) -> list[Facts]:
    """The lines of a visit one under another: day and visit are told with the first of them."""
    shown: list[Facts] = []
    before: tuple[str, str] | None = None
    for line in lines:
        here = (line["on"], line["step"])
        first = here != before
        before = here
        under = ", ".join(filter(None, [line["visit"], line["provider"]])) if first else ""
        shown.append(
            {
                "on": line["on"],
                "first": first,
                "what": line["what"],
                "under": under,
                "code": line["code"],
                "units": line["units"],
                "cents": line["cents"],
                "priced": not line["packaged"],
            }
        )
    return shown


def _visits(estimate: Estimate) -> list[Appointment]:
    steps = {line["step"] for line in estimate.lines}
    mine = Q(pk=estimate.appointment_id)
    if estimate.series_id:
        mine = Q(series=estimate.series_id, step__in=steps)
    rows = Appointment.objects.filter(mine).exclude(status__in=GONE)
    return list(rows.select_related("protocol_version").order_by("starts_at", "pk"))


def _course(estimate: Estimate) -> str:
    if estimate.series:
        return str(estimate.series.protocol_version.name)
    return step_name(estimate.appointment) if estimate.appointment else ""
