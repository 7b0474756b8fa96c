"""What a series, or one visit, is expected to cost a patient who pays themselves.

Codes come from the phases as planned, through billing.coding; where only the visit itself will
tell, from what `EXPECTED` says is usual. Review before use: a clinic's own habits may differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypedDict

from billing.coding import Done, Phase, Rules, propose, starters
from billing.models import Prepaid
from billing.selectors.providers import providers_of
from billing.selectors.self_pay import SelfPay, scale_of, scaled
from clinic.models import Patient, Site
from scheduling import catalogue
from scheduling.models import Appointment, Series
from scheduling.models.series import GONE
from scheduling.selectors.visits import step_name

SELF_PAY = "self_pay"
EXPECTED: Mapping[str, Mapping[str, Any]] = {
    "consult": {"intake": "with_medical"},
    "review": {"em": "99213"},
    "dosing": {"route": "im"},
}
"""By kind of step: what is usual where the plan alone does not say what will be billed."""
ESKETAMINE = {"route": None, "esketamine_mg": 84}
"""Of an esketamine dosing: the larger dose, so that nobody is told too little."""


class Line(TypedDict):
    """One code of one visit, or a package. `cents` is for all units, 0 where a package pays for
    it (`packaged`); `problem` is a text or "".
    """

    on: str
    step: str
    visit: str
    what: str
    code: str
    units: int
    cents: int
    provider: str
    packaged: bool
    problem: str


@dataclass(frozen=True, slots=True)
class Expected:
    """The lines in order of time, packages first."""

    lines: tuple[Line, ...]

    @property
    def cents(self) -> int:
        return sum(line["cents"] for line in self.lines)


def expected_of(
    *, patient: Patient, site: Site, visits: Sequence[Appointment], series: Series | None = None
) -> Expected:
    """The expected charges of visits that are to be, in order; about ten queries in all.

    What a package of the series pays for is listed without a price, and the package with its own.
    """
    live = [visit for visit in visits if visit.status not in GONE]
    days = {visit.pk: visit.starts_at.astimezone(site.zone).date() for visit in live}
    prices, percent = SelfPay(site, days.values()), scale_of(patient)
    providers = providers_of(live)
    lines, left = _packages(series, days)
    for visit in live:
        step = catalogue.step_of(visit.protocol_version.definition, visit.step) or {}
        on, kind = days[visit.pk], step.get("kind", "")
        paid_for = _draw(left, (visit.step, kind))
        provider = providers.get(visit.pk)
        charges = propose(_done(visit, step, site), _rules())
        for line in charges.lines:
            each = 0 if paid_for else prices.cents(line.code, on)
            problem = "" if each is not None else f"No price of {line.code} is valid on {on}."
            lines.append(
                Line(
                    on=on.isoformat(),
                    step=visit.step,
                    visit=step_name(visit),
                    what=line.what,
                    code=line.code,
                    units=line.units,
                    cents=scaled((each or 0) * line.units, percent),
                    provider=provider.name if provider else "",
                    packaged=paid_for,
                    problem=problem,
                )
            )
    return Expected(tuple(lines))


def _packages(series: Series | None, days: Mapping[int, Any]) -> tuple[list[Line], dict[str, int]]:
    """A line for each package bought for a series, and how many visits it pays for, by kind."""
    lines: list[Line] = []
    left: dict[str, int] = {}
    if series is None or not days:
        return lines, left
    bought = Prepaid.objects.filter(series=series, kind=Prepaid.Kind.PACKAGE).exclude(
        state=Prepaid.State.ENDED
    )
    for package in bought.order_by("pk"):
        for kind, count in package.covers.items():
            left[kind] = left.get(kind, 0) + int(count)
        lines.append(
            Line(
                on=min(days.values()).isoformat(),
                step="",
                visit="",
                what=f"Package: {package.name}",
                code="",
                units=1,
                cents=package.cents,
                provider="",
                packaged=False,
                problem="",
            )
        )
    return lines, left


def _draw(left: dict[str, int], names: Iterable[str]) -> bool:
    """Take a visit out of what packages pay for, by its step or its kind."""
    for name in names:
        if left.get(name, 0) > 0:
            left[name] -= 1
            return True
    return False


def _done(visit: Appointment, step: Mapping[str, Any], site: Site) -> Done:
    """The visit as it is planned."""
    planned = step.get("phases", [])
    phases = []
    for position, phase in enumerate(visit.phases.all()):
        roles = planned[position].get("roles", []) if position < len(planned) else []
        phases.append(
            Phase(
                phase.name,
                phase.starts_at,
                phase.ends_at,
                frozenset(need["role"] for need in roles),
            )
        )
    kind = step.get("kind", "")
    usual = dict(EXPECTED.get(kind, {}))
    if kind == "dosing" and "esketamine" in visit.protocol_version.definition["key"]:
        usual = dict(ESKETAMINE)
    on = visit.starts_at.astimezone(site.zone).date()
    return Done(kind=kind, on=on, phases=tuple(phases), payer=SELF_PAY, **usual)


@cache
def _rules() -> Rules:
    """The starter rules, a visit with esketamine priced as one, the drug in it."""
    rules = starters()
    payer = replace(rules.payers[SELF_PAY], esketamine="included")
    return replace(rules, payers={**rules.payers, SELF_PAY: payer})
