"""What a payer allowed, how much of it is used or booked, and where a plan goes beyond it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Prefetch

from billing.models import Authorisation, Charge, Coverage
from clinic.models import Patient
from scheduling import catalogue
from scheduling.models import Appointment, ProtocolVersion, Status
from scheduling.models.series import AHEAD, GONE
from scheduling.planner.protocols import Protocol

EVALUATIONS = ("90791", "90792", "99202", "99203", "99204", "99205", "99212", "99213", "99214")
CODES_OF: dict[str, tuple[str, ...]] = {
    "infusion": ("96365", "96366", "96374", "J3490"),
    "dosing": ("G2082", "G2083", "96372", "96365", "96366", "96374", "J0013", "J3490", "S0013"),
    "therapy": ("90832", "90834", "90837", "90833", "90836", "90838"),
    "screening": EVALUATIONS,
    "consult": (*EVALUATIONS, "99215"),
    "review": ("99212", "99213", "99214", "99215"),
}
"""Kinds of step -> codes that a visit of it may come to: what an authorisation of codes is for."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A visit to be, on a date of its site, of a kind of step."""

    on: date
    kind: str


@dataclass(frozen=True, slots=True)
class Use:
    """An authorisation, the visits that it covers, and units charged; `booked` are to come."""

    authorisation: Authorisation
    used: int
    booked: int
    units: int

    @property
    def left(self) -> int | None:
        """Visits neither used nor booked, below nothing where too many are; None: no limit."""
        allowed = self.authorisation.visits_allowed
        return None if allowed is None else allowed - self.used - self.booked

    @property
    def units_left(self) -> int | None:
        allowed = self.authorisation.units_allowed
        return None if allowed is None else allowed - self.units


@dataclass(frozen=True, slots=True)
class Warned:
    """A rule of the payer that visits go beyond, in a sentence that says what to do."""

    rule: str
    message: str


def coverages_of(patient: Patient | int) -> list[Coverage]:
    """With payers and authorisations, the one that pays first before others: two queries."""
    rows = Coverage.objects.filter(patient=patient).select_related("payer")
    return list(
        rows.prefetch_related(
            Prefetch("authorisations", Authorisation.objects.order_by("first", "id"))
        )
    )


def allows(authorisation: Authorisation, on: date, codes: Iterable[str]) -> bool:
    """Whether it is for that date and one of these codes; without codes, for the date."""
    if not authorisation.first <= on <= authorisation.last:
        return False
    wanted = set(codes)
    return not authorisation.codes or not wanted or bool(wanted & set(authorisation.codes))


def authorisation_for(
    coverage: Coverage, on: date, codes: Sequence[str] = ()
) -> Authorisation | None:
    """The one to name in a claim: the newest that is for the date and codes."""
    fitting = [one for one in coverage.authorisations.all() if allows(one, on, codes)]
    return max(fitting, key=lambda one: (one.first, one.pk), default=None)


def uses(patient: Patient | int, coverages: Sequence[Coverage] | None = None) -> dict[int, Use]:
    """Of every authorisation of a patient, by its id: what is used and booked. Five queries."""
    known = coverages_of(patient) if coverages is None else coverages
    held = [(coverage, one) for coverage in known for one in coverage.authorisations.all()]
    if not held:
        return {}
    visits = _visits(patient)
    charges = list(
        Charge.objects.filter(patient=patient, coverage__in=[one.pk for one in known])
        .exclude(state=Charge.State.VOID)
        .values_list("coverage_id", "on", "code", "units")
    )
    found = {}
    for coverage, one in held:
        its = [came for day, kind, came in visits if _of(one, day, kind)]
        units = sum(
            number
            for owner, day, code, number in charges
            if owner == coverage.pk and allows(one, day, (code,))
        )
        found[one.pk] = Use(one, its.count(True), its.count(False), units)
    return found


def authorisation_warnings(
    patient: Patient | int, planned: Sequence[Planned] = (), *, today: date
) -> list[Warned]:
    """Where what is booked, with what is planned beside it, goes beyond the coverage that pays
    first: its dates, or the visits, codes, units and dates authorised. Six queries at most.

    Nobody is stopped by these: a payer can still be asked, and a patient can pay.
    """
    coverages = coverages_of(patient)
    valid = [one for one in coverages if one.last is None or one.last >= today]
    coverage = next(iter(sorted(valid, key=lambda one: (one.rank, one.pk))), None)
    if coverage is None:
        return []
    to_come = [Planned(day, kind) for day, kind, came in _visits(patient) if not came]
    ahead = [*to_come, *planned]
    return [
        *_beyond_the_coverage(coverage, ahead),
        *_without_authorisation(coverage, ahead),
        *_too_many(coverage, uses(patient, [coverage]), planned),
    ]


def _beyond_the_coverage(coverage: Coverage, ahead: Sequence[Planned]) -> list[Warned]:
    last = coverage.last
    late = sorted(one.on for one in ahead if last is not None and one.on > last)
    if not late or last is None:
        return []
    return [
        Warned(
            "coverage_is_valid",
            f"The coverage with {coverage.payer.name} ends on {last:%-d %b %Y}, before "
            f"{_visits_from(late)}: ask the patient what follows it.",
        )
    ]


def _without_authorisation(coverage: Coverage, ahead: Sequence[Planned]) -> list[Warned]:
    """Dates outside every authorisation, where the payer asks for one or gave some."""
    held = list(coverage.authorisations.all())
    rule = coverage.payer.rules.get("authorises", False)
    asked = [one for one in ahead if rule is True or _may_need(one, rule, held)]
    outside = sorted(
        one.on for one in asked if not any(_of(given, one.on, one.kind) for given in held)
    )
    if not outside:
        return []
    what = "for these dates and services" if held else "yet"
    return [
        Warned(
            "authorised_beforehand",
            f"{coverage.payer.name} has authorised nothing {what}: ask it before "
            f"{_visits_from(outside)}, and enter the number under Insurance.",
        )
    ]


def _may_need(one: Planned, codes: object, held: Sequence[Authorisation]) -> bool:
    """Whether the payer's list of codes has one of the kind; without one, what it gave tells."""
    may_be = set(CODES_OF.get(one.kind, ()))
    if isinstance(codes, list) and codes:
        return bool(may_be & set(codes))
    return any(not given.codes or may_be & set(given.codes) for given in held)


def _too_many(
    coverage: Coverage, used: dict[int, Use], planned: Sequence[Planned]
) -> Iterable[Warned]:
    for use in used.values():
        given = use.authorisation
        more = sum(_of(given, one.on, one.kind) for one in planned)
        if use.left is not None and more > use.left and (more or use.left < 0):
            yield Warned(
                "visits_are_authorised",
                f"Authorisation {given.number} of {coverage.payer.name} allows "
                f"{given.visits_allowed} visits: {use.used} used, {use.booked} booked"
                + (f" and {more} more planned" if more else "")
                + f" make {more - use.left} too many. Ask the payer for more.",
            )
        ahead = use.booked + more
        if use.units_left is not None and ahead > use.units_left:
            yield Warned(
                "units_are_authorised",
                f"Authorisation {given.number} of {coverage.payer.name} allows "
                f"{given.units_allowed} units: {use.units} are charged, and {ahead} visits to "
                "come need at least one each. Ask the payer for more.",
            )


def _of(authorisation: Authorisation, on: date, kind: str) -> bool:
    return allows(authorisation, on, CODES_OF.get(kind, ()))


def _visits_from(days: Sequence[date]) -> str:
    first = f"{days[0]:%-d %b %Y}"
    return f"the visit on {first}" if len(days) == 1 else f"{len(days)} visits from {first} on"


def _visits(patient: Patient | int) -> list[tuple[date, str, bool]]:
    """(site date, kind of step, whether the patient came) of every visit that holds a place."""
    rows = Appointment.objects.filter(patient=patient).exclude(status__in=GONE)
    found = list(rows.select_related("site").order_by("starts_at"))
    drawn = protocols_of(found)
    return [
        (
            visit.starts_at.astimezone(visit.site.zone).date(),
            drawn[visit.protocol_version_id].step(visit.step).kind,
            Status(visit.status) not in AHEAD,
        )
        for visit in found
    ]


def protocols_of(visits: Sequence[Appointment]) -> dict[int, Protocol]:
    """The protocols that visits are steps of, by version, reaching as far as they do: one query."""
    steps: dict[int, set[str]] = {}
    for visit in visits:
        steps.setdefault(visit.protocol_version_id, set()).add(visit.step)
    return {
        version.pk: catalogue.protocol(
            version.definition, version=version.version, reaching=steps[version.pk]
        )
        for version in ProtocolVersion.objects.filter(pk__in=steps)
    }
