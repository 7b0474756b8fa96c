"""Who may do what, where: the one table that every door asks.

A person's roles come from their grants (one site, or every site); a machine's rights from the
scopes of its token and the sites it is bound to. Several roles add up. An action that is not in
the table is a KeyError, never a yes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet, prefetch_related_objects

from clinic.models import Grant, Patient, Site, Staff, User
from scheduling.models import Appointment, Claim, Series

# FD front desk, TH therapist, NU nurse, CN charge nurse, PR prescriber, BI biller, MG manager,
# AD administrator: the order of Grant.Role. The last two columns: a token's scope; what it allows.
TABLE = """
action            | FD TH NU CN PR BI MG AD | API scope          | allows
see_sites         | x  x  x  x  x  x  x  x  | sites:read         | sites, rooms, protocols
see_staff         | x  x  x  x  x  x  x  x  | staff:read         | who works here, roles, skills
see_day           | x  .  x  x  x  x  x  .  | appointments:read  | every visit: when and where
see_own_day       | .  x  x  x  x  .  .  .  | -                  | visits one takes part in
see_care          | x  x  x  x  x  .  .  .  | appointments:read  | step, acuity, notes, gates
see_names         | x  x  x  x  x  .  .  .  | patients:read      | names; else initials
see_patients      | x  .  x  x  x  x  .  .  | patients:read      | any patient of the site
see_own_patients  | .  x  .  .  .  .  .  .  | -                  | the patients one treats
manage_patients   | x  .  .  x  x  .  .  .  | patients:write     | add and correct patients
see_series        | x  .  x  x  x  .  .  .  | series:read        | series and their windows
book_series       | x  .  .  x  x  .  .  .  | series:write       | propose, hold, book series
cancel_series     | x  .  .  .  x  .  .  .  | series:write       | cancel the rest of a series
book_visit        | x  .  .  x  x  .  .  .  | appointments:write | book one visit
cancel_visit      | x  .  .  x  x  .  .  .  | appointments:write | cancel one visit
move_visit        | x  .  .  x  x  .  .  .  | appointments:write | move a visit and what follows it
run_day           | x  x  x  x  x  .  .  .  | appointments:write | say where a visit stands
record_gates      | x  x  x  x  x  .  .  .  | appointments:write | say what must be so is so
see_rounds        | .  x  x  x  x  .  .  .  | -                  | vitals of patients under way
record_rounds     | .  .  x  x  x  .  .  .  | -                  | record and correct vitals
override_rules    | .  .  .  x  x  .  .  .  | -                  | break a rule, with a reason
report_absence    | x  .  .  x  .  .  x  .  | absences:write     | somebody, a room or a site is out
see_recoveries    | x  .  x  x  x  .  x  .  | absences:read      | what an absence does to the day
accept_recovery   | .  .  .  x  .  .  x  .  | absences:write     | accept a plan of recovery
assign_nurses     | .  .  .  x  .  .  .  .  | -                  | who monitors whom; a float nurse
sign_hand_over    | .  .  x  x  .  .  .  .  | -                  | sign for a patient taken over
see_waitlist      | x  .  .  x  x  .  .  .  | waitlist:read      | who waits for a place
manage_waitlist   | x  .  .  x  x  .  .  .  | waitlist:write     | put patients on it, offer, accept
see_follow_ups    | x  x  x  x  x  .  .  .  | follow-ups:read    | calls, measures, visits due
manage_follow_ups | x  x  x  x  x  .  .  .  | follow-ups:write   | book them, mark them done
see_messages      | x  .  .  x  x  .  x  .  | -                  | what was sent to patients
write_templates   | .  .  .  .  .  .  x  x  | -                  | the words of messages
see_coverage      | x  .  x  x  x  .  x  .  | coverage:read      | nurse lanes on, needed, free
see_reports       | .  .  .  x  x  .  x  .  | reports:read       | how the clinic does, in numbers
see_own_calendar  | x  x  x  x  x  x  x  x  | -                  | one's own week
manage_feeds_own  | x  x  x  x  x  x  x  x  | -                  | own calendar addresses
see_feeds         | .  .  .  .  .  .  x  x  | feeds:read         | list calendar addresses
manage_feeds_any  | .  .  .  .  .  .  x  x  | feeds:write        | anybody's calendar addresses
write_notes       | x  x  x  x  x  .  .  .  | -                  | notes on visits
block_time        | x  .  .  x  .  .  x  .  | -                  | close a room or person for hours
ask_time_off      | x  x  x  x  x  x  x  x  | -                  | ask for time off for oneself
decide_time_off   | .  .  .  x  .  .  x  x  | -                  | approve or decline time off
manage_places     | .  .  .  .  .  .  x  x  | -                  | the site, rooms, hours, closures
manage_staff      | .  .  .  .  .  .  x  x  | -                  | staff, credentials, weekly hours
write_protocols   | .  .  .  .  x  .  x  x  | -                  | write and retire protocols
review_protocols  | .  .  .  .  x  .  .  .  | -                  | say a protocol may be used
see_journal       | .  .  .  .  .  .  x  x  | -                  | who changed what
see_billing       | .  .  .  .  .  x  x  .  | billing:read       | worklists, closes, claims
see_balance       | x  .  .  .  .  x  x  .  | billing:read       | what one patient owes and paid
take_payments     | x  .  .  .  .  x  x  .  | billing:write      | payments, deposits, packages sold
manage_billing    | .  .  .  .  .  x  x  .  | billing:write      | charges, refunds, claims
manage_prices     | .  .  .  .  .  x  x  x  | -                  | prices, packages, money policy
see_webhooks      | .  .  .  .  .  .  x  x  | webhooks:read      | addresses told of what happens
manage_webhooks   | .  .  .  .  .  .  x  x  | webhooks:write     | add, change, rotate, replay
manage_setup      | .  .  .  .  .  .  .  x  | -                  | sites, rooms, staff, sign-ins
"""

ROLES = tuple(role.value for role in Grant.Role)


@dataclass(frozen=True, slots=True)
class Action:
    """A row of the table; `scope` is empty where no machine may."""

    name: str
    roles: frozenset[str]
    scope: str
    allows: str


def _read(table: str) -> dict[str, Action]:
    actions = {}
    for line in table.strip().splitlines()[1:]:
        name, marks, scope, allows = (part.strip() for part in line.split("|"))
        granted = zip(ROLES, marks.split(), strict=True)
        roles = frozenset(role for role, mark in granted if mark == "x")
        actions[name] = Action(name, roles, scope.strip("-"), allows)
    return actions


ACTIONS = _read(TABLE)
SCOPES = {
    scope: "; ".join(action.allows for action in ACTIONS.values() if action.scope == scope)
    for scope in dict.fromkeys(action.scope for action in ACTIONS.values() if action.scope)
}
"""Every scope that a token can carry, with what it allows."""


@dataclass(frozen=True, slots=True)
class ApiClient:
    """A machine that asks: the scopes of its token, and its sites (None: every site)."""

    id: int
    name: str
    scopes: frozenset[str]
    sites: frozenset[int] | None

    is_authenticated: ClassVar[bool] = True


Who = User | AnonymousUser | ApiClient


@dataclass(frozen=True, slots=True)
class Reach:
    """Where something is allowed: at every site, or at these. False when nowhere."""

    everywhere: bool
    sites: frozenset[int]

    def __bool__(self) -> bool:
        return self.everywhere or bool(self.sites)

    def __contains__(self, site: Site | int) -> bool:
        return self.everywhere or (site.pk if isinstance(site, Site) else site) in self.sites

    def q(self, field: str = "site") -> Q:
        """A filter on rows whose `field` is one of the sites."""
        if self.everywhere:
            return Q()
        return Q(**{f"{field}__in": self.sites})


NOWHERE = Reach(False, frozenset())


class NotPermitted(PermissionDenied):
    """The table says no. Doors answer 403."""

    def __init__(self, action: str) -> None:
        super().__init__(f"Your rights do not include: {ACTIONS[action].allows} ({action}).")
        self.action = action


def sites_for(who: Any, action: str) -> Reach:
    """Where `who` (a User, an AnonymousUser or an ApiClient) may do `action`."""
    row = ACTIONS[action]
    if isinstance(who, ApiClient):
        if not row.scope or row.scope not in who.scopes:
            return NOWHERE
        return Reach(who.sites is None, who.sites or frozenset())
    if not isinstance(who, User) or not who.is_active:
        return NOWHERE
    prefetch_related_objects([who], "grants")
    grants = [(grant.role, grant.site_id) for grant in who.grants.all()]
    return reach_of(grants, action, superuser=who.is_superuser)


def reach_of(
    grants: Iterable[tuple[str, int | None]], action: str, *, superuser: bool = False
) -> Reach:
    """Where grants, each of a role at a site (None: every site), allow an action."""
    row = ACTIONS[action]
    if superuser and Grant.Role.ADMINISTRATOR in row.roles:
        return Reach(True, frozenset())
    sites = [site for role, site in grants if role in row.roles]
    return Reach(None in sites, frozenset(site for site in sites if site is not None))


def may(who: Any, action: str, site: Site | int | None = None) -> bool:
    """Whether `who` may do `action` at `site`; without a site, at any."""
    reach = sites_for(who, action)
    return bool(reach) if site is None else site in reach


def require(who: Any, action: str, site: Site | int | None = None) -> None:
    """NotPermitted unless `who` may do `action` at `site` (without a site: anywhere)."""
    if not may(who, action, site):
        raise NotPermitted(action)


def staff_id(who: Any) -> int | None:
    """The resource id of the staff member that a user is, if any."""
    staff: Staff | None = getattr(who, "staff", None) if isinstance(who, User) else None
    return staff.pk if staff else None


def _takes_part(staff: int, **of: OuterRef) -> Exists:
    return Exists(Claim.objects.filter(resource_id=staff, **of))


def visible_visits(who: Any, visits: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Those of `visits` that `who` may see: of whole sites, and their own."""
    rows = sites_for(who, "see_day")
    if rows.everywhere:
        return visits
    seen = rows.q() if rows else Q(pk__in=[])
    if (staff := staff_id(who)) and (own := sites_for(who, "see_own_day")):
        mine = _takes_part(staff, appointment=OuterRef("pk")) | Q(series__therapist=staff)
        seen |= own.q() & Q(mine)
    return visits.filter(seen)


def patients_of(reach: Reach, patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """Those of `patients` who belong to the sites of `reach`.

    A patient belongs to the home site, to every site with a visit or series of theirs, and to
    all sites while there is none of these.
    """
    if reach.everywhere:
        return patients
    if not reach:
        return patients.none()
    visits = Appointment.objects.filter(patient=OuterRef("pk"))
    series = Series.objects.filter(patient=OuterRef("pk"))
    here = Exists(visits.filter(reach.q())) | Exists(series.filter(reach.q()))
    nowhere = Q(home_site=None) & ~Exists(visits) & ~Exists(series)
    return patients.filter(reach.q("home_site") | Q(here) | nowhere)


def visible_patients(who: Any, patients: QuerySet[Patient]) -> QuerySet[Patient]:
    """Those of `patients` that `who` may see: of their sites, and those they treat."""
    of_sites = patients_of(sites_for(who, "see_patients"), patients)
    own = sites_for(who, "see_own_patients")
    staff = staff_id(who)
    if not staff or not own:
        return of_sites
    visits = Appointment.objects.filter(own.q(), patient=OuterRef("pk"))
    series = Series.objects.filter(own.q(), patient=OuterRef("pk"), therapist=staff)
    mine = Exists(visits.filter(_takes_part(staff, appointment=OuterRef("pk")))) | Exists(series)
    return patients.filter(Q(pk__in=of_sites.values("pk")) | Q(mine))


def visible_series(who: Any, series: QuerySet[Series]) -> QuerySet[Series]:
    """Those of `series` that `who` may see: of whole sites, and those they are therapist of."""
    reach = sites_for(who, "see_series")
    if reach.everywhere:
        return series
    seen = reach.q() if reach else Q(pk__in=[])
    if (staff := staff_id(who)) and (own := sites_for(who, "see_own_patients")):
        seen |= own.q() & Q(therapist=staff)
    return series.filter(seen)
