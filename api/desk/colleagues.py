"""The people of a site: what their credentials say, when they are next on, whether they sign in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from api.desk import words
from api.desk.words import Sign
from clinic.models import Credential, Invitation, Site, Staff
from clinic.selectors import duties
from clinic.spans import minute, moment
from scheduling import catalogue
from scheduling.models import Claim
from scheduling.models.series import GONE
from scheduling.selectors.protocols import current_versions

ROLES = {
    "prescriber": "Prescriber",
    "therapist": "Therapist",
    "monitoring_nurse": "Nurse",
    "front_desk": "Front desk",
    "biller": "Billing",
    "manager": "Manager",
    "administrator": "Administration",
}
STATES = {
    "missing": Sign("Missing", "circle-x", "bad"),
    "expired": Sign("Expired", "circle-alert", "bad"),
    "soon": Sign("Expires soon", "triangle-alert", "warn"),
    "later": Sign("Not valid yet", "clock", "warn"),
    "valid": Sign("Valid", "circle-check", "good"),
    "none": Sign("None needed", "circle-dot"),
}
"""How somebody's credentials stand, the worst first."""
SOON = 30
AHEAD = 14
ABBREVIATIONS = ("acls", "bls", "cpr", "dea", "pals", "rems")


def kind_words(kind: str) -> str:
    """Nursing licence for nursing_licence, ACLS for acls."""
    return kind.upper() if kind in ABBREVIATIONS else words.phase(kind)


@dataclass(frozen=True, slots=True)
class Held:
    """How one kind of credential stands with somebody; `roles` of theirs are not theirs without.

    `until` is the last day of what is valid without a break, or was; None when there is none.
    """

    kind: str
    state: str
    until: date | None
    days: int
    roles: tuple[str, ...]

    @property
    def name(self) -> str:
        return kind_words(self.kind)

    @property
    def sign(self) -> Sign:
        return STATES[self.state]

    @property
    def why(self) -> str:
        """Nurse needs it; Therapist and Prescriber need it."""
        said = " and ".join(ROLES.get(role, role) for role in self.roles)
        return f"{said} need{'s' if len(self.roles) == 1 else ''} it" if said else ""

    @property
    def said(self) -> str:
        """Nursing licence: expires in 12 days."""
        return f"{self.name}: {self.ends}"

    @property
    def ends(self) -> str:
        """Expires in 12 days, expired yesterday, none, not valid yet."""
        if self.state == "missing":
            return "none"
        if self.state == "later" or self.until is None:
            return "not valid yet"
        verb = "expired" if self.days < 0 else "expires"
        return f"{verb} {words.distance(self.days)}"


def standing_of(
    roles: Iterable[str],
    credentials: Iterable[Credential],
    required: Mapping[str, Sequence[str]],
    today: date,
) -> list[Held]:
    """Every kind that somebody holds, or that a role of theirs needs; the worst first."""
    by_kind: dict[str, list[Credential]] = defaultdict(list)
    for one in credentials:
        by_kind[one.kind].append(one)
    needed: dict[str, list[str]] = defaultdict(list)
    for role in roles:
        for kind in required.get(role, []):
            needed[kind].append(role)
    found = [
        _held(kind, by_kind.get(kind, []), tuple(needed.get(kind, ())), today)
        for kind in {*by_kind, *needed}
    ]
    worst = list(STATES)
    return sorted(found, key=lambda one: (worst.index(one.state), one.until or today, one.kind))


def _held(kind: str, rows: list[Credential], roles: tuple[str, ...], today: date) -> Held:
    if not rows:
        return Held(kind, "missing", None, 0, roles)
    begun = [row for row in rows if row.valid_from is None or row.valid_from <= today]
    if not begun:
        return Held(kind, "later", None, 0, roles)
    until = max(row.expires_on for row in begun)
    if until >= today:
        for row in sorted(rows, key=lambda row: row.valid_from or date.min):
            if row.valid_from is None or row.valid_from <= until + timedelta(days=1):
                until = max(until, row.expires_on)
    days = (until - today).days
    state = "expired" if days < 0 else "soon" if days <= SOON else "valid"
    return Held(kind, state, until, days, roles)


def worst_of(held: Sequence[Held]) -> str:
    return held[0].state if held else "none"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list of staff."""

    staff: Staff
    held: tuple[Held, ...]
    next_on: date | None
    elsewhere: tuple[str, ...]
    invited: bool

    @property
    def roles(self) -> list[str]:
        return [ROLES.get(role, words.phase(role)) for role in self.staff.roles]

    @property
    def skills(self) -> str:
        return ", ".join(words.phase(skill) for skill in self.staff.skills)

    @property
    def state(self) -> str:
        return worst_of(self.held)

    @property
    def sign(self) -> Sign:
        return STATES[self.state]

    @property
    def troubles(self) -> list[Held]:
        return [one for one in self.held if one.state not in ("valid", "none")]

    @property
    def first_end(self) -> date | None:
        """When the first of what is valid ends."""
        return min((one.until for one in self.held if one.until), default=None)


def read_standings(site: Site, people: Iterable[Staff], today: date) -> dict[int, list[Held]]:
    """How the credentials of people of a site stand: one query."""
    everybody = list(people)
    held: dict[int, list[Credential]] = defaultdict(list)
    for row in Credential.objects.filter(staff__in=[one.pk for one in everybody]):
        held[row.staff_id].append(row)
    required = site.organisation.required_credentials
    return {one.pk: standing_of(one.roles, held[one.pk], required, today) for one in everybody}


def read_rows(
    site: Site, people: Sequence[Staff], standings: Mapping[int, list[Held]], now: datetime
) -> list[Row]:
    """The lines of a page: nine queries, however many people there are."""
    ids = [one.pk for one in people]
    filled = {row.pk: row for row in _with_sites(ids)}
    next_on = next_days_on(site, ids, now)
    invited = set(
        Invitation.objects.filter(
            staff__in=ids, accepted_at=None, withdrawn_at=None, expires_at__gt=now
        ).values_list("staff_id", flat=True)
    )
    return [
        Row(
            staff=(person := filled[pk]),
            held=tuple(standings[pk]),
            next_on=next_on.get(pk),
            elsewhere=tuple(place.name for place in person.sites.all() if place.pk != site.pk),
            invited=pk in invited,
        )
        for pk in ids
    ]


def _with_sites(ids: list[int]) -> Iterable[Staff]:
    return Staff.objects.filter(pk__in=ids).select_related("user").prefetch_related("sites")


def next_days_on(site: Site, people: Iterable[int], now: datetime) -> dict[int, date]:
    """The first day of the next two weeks on which each still works here."""
    today = now.astimezone(site.zone).date()
    found = {}
    for duty in duties(site, today, today + timedelta(days=AHEAD - 1), people=people):
        ahead = [max(start, minute(now)) for start, end in duty.spans if end > minute(now)]
        if ahead:
            found[duty.staff.pk] = moment(min(ahead)).astimezone(site.zone).date()
    return found


@dataclass(frozen=True, slots=True)
class Needs:
    """What the protocols in use ask of people: a skill or credential, and the protocols' names."""

    skills: Mapping[str, tuple[str, ...]]
    credentials: Mapping[str, tuple[str, ...]]


def protocol_needs() -> Needs:
    """Of every protocol that can be booked: one query."""
    skills: dict[str, set[str]] = defaultdict(set)
    kinds: dict[str, set[str]] = defaultdict(set)
    for version in current_versions():
        read = catalogue.protocol(version.definition, version=version.version)
        for phase in (phase for step in read.steps for phase in step.phases):
            for kind in phase.presence:
                kinds[kind].add(version.name)
            for skill in {skill for need in phase.roles for skill in need.skills}:
                skills[skill].add(version.name)
    return Needs(
        {key: tuple(sorted(names)) for key, names in sorted(skills.items())},
        {key: tuple(sorted(names)) for key, names in sorted(kinds.items())},
    )


def visits_ahead(staff: int, now: datetime) -> int:
    """Booked visits to come in which somebody takes part."""
    claims = Claim.objects.filter(
        resource=staff, start_minute__gte=minute(now), appointment__isnull=False
    )
    claims = claims.exclude(appointment__status__in=GONE)
    return claims.values("appointment").distinct().count()


@dataclass(frozen=True, slots=True)
class Warned:
    """A credential that ends, or a need that is not met; `visits` are left without somebody."""

    staff: Staff
    held: Held
    visits: frozenset[int] = frozenset()

    @property
    def band(self) -> str:
        """now: expired or missing; else the first of 30, 60 and 90 days that it falls in."""
        if self.held.state in ("missing", "expired", "later"):
            return "now"
        return next((str(limit) for limit in (30, 60, 90) if self.held.days <= limit), "")


def read_warnings(site: Site, now: datetime) -> list[Warned]:
    """What is missing, expired or ends within 90 days, the most urgent first: three queries."""
    today = now.astimezone(site.zone).date()
    people = {one.pk: one for one in Staff.objects.filter(sites=site, active=True)}
    standings = read_standings(site, people.values(), today)
    due = [
        Warned(people[pk], held)
        for pk, of in standings.items()
        for held in of
        if Warned(people[pk], held).band
    ]
    visits = _visits_without(site, due, now)
    found = [
        Warned(one.staff, one.held, frozenset(visits[one.staff.pk, one.held.kind])) for one in due
    ]
    first = {"now": 0, "30": 1, "60": 2, "90": 3}
    return sorted(
        found,
        key=lambda one: (first[one.band], one.held.until or today, -len(one.visits), one.staff.pk),
    )


def _visits_without(
    site: Site, due: Iterable[Warned], now: datetime
) -> dict[tuple[int, str], set[int]]:
    """The visits of each person after the end of each kind that their role in it needs."""
    ends: dict[int, list[tuple[Held, int]]] = defaultdict(list)
    for one in due:
        ends[one.staff.pk].append((one.held, _end_of(site, one.held, now)))
    found: dict[tuple[int, str], set[int]] = defaultdict(set)
    claims = Claim.objects.filter(
        resource__in=list(ends), start_minute__gte=minute(now), appointment__isnull=False
    ).exclude(appointment__status__in=GONE)
    for pk, role, start, visit in claims.values_list(
        "resource", "role", "start_minute", "appointment"
    ):
        for held, end in ends[pk]:
            if start >= end and role in held.roles and visit:
                found[pk, held.kind].add(visit)
    return found


def _end_of(site: Site, held: Held, now: datetime) -> int:
    if held.until is None:
        return minute(now)
    after = datetime.combine(held.until + timedelta(days=1), time(0), tzinfo=site.zone)
    return max(minute(after), minute(now))
