"""The demo's clinic as rows: organisation, sites, rooms, people, their hours and sign-ins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from random import Random

from django.contrib.auth.hashers import make_password

from clinic.models import (
    Absence,
    AvailabilityException,
    Closure,
    Credential,
    Grant,
    OpeningHours,
    Organisation,
    Resource,
    Room,
    Site,
    Staff,
    Travel,
    User,
    WeeklyHours,
)
from clinic.spans import at, moment
from scheduling.demo.blueprint import (
    CLOSES,
    DOMAIN,
    GRAIN,
    NURSE,
    OPENS,
    PASSWORD,
    PRESCRIBER,
    ROLE_OF,
    THERAPIST,
    Blueprint,
    Post,
)
from scheduling.demo.names import Names

LICENCES = {
    NURSE: ("nursing_licence", "RN"),
    PRESCRIBER: ("medical_licence", "MD"),
    THERAPIST: ("therapy_licence", "PSY"),
}
EVERYWHERE = ("biller", "manager", "admin")


@dataclass(frozen=True, slots=True)
class Made:
    """The sites with their rooms and people, in the order of the blueprint."""

    sites: list[Site]
    rooms: list[Room]
    staff: list[Staff]


def build(blueprint: Blueprint, *, start: date, rng: Random, names: Names) -> Made:
    """Write everything but patients and visits."""
    organisation = Organisation.objects.create(name=blueprint.organisation)
    sites = [
        Site.objects.create(
            organisation=organisation,
            name=plan.name,
            neutral_name=plan.neutral_name,
            time_zone=plan.time_zone,
            subdivision=plan.subdivision,
            address=plan.address,
            phone=f"+1{plan.area_code}5550100",
            start_grain_minutes=GRAIN,
        )
        for plan in blueprint.sites
    ]
    _hours(sites, start)
    Travel.objects.bulk_create(
        Travel(site=sites[one], other=sites[other], minutes=minutes)
        for one, other, minutes in blueprint.travel
    )
    rooms = _rooms(blueprint, sites)
    staff = _staff(blueprint, sites, start, rng, names)
    _leave(blueprint, sites, rooms, staff, start)
    return Made(sites, rooms, staff)


def _hours(sites: list[Site], start: date) -> None:
    OpeningHours.objects.bulk_create(
        OpeningHours(
            site=site,
            weekday=day,
            opens=time.fromisoformat(OPENS),
            closes=time.fromisoformat(CLOSES),
        )
        for site in sites
        for day in range(5)
    )
    training = _monday(start) + timedelta(days=46)
    Closure.objects.bulk_create(
        Closure(site=site, first=training, last=training, reason="Staff training day")
        for site in sites
    )


def _rooms(blueprint: Blueprint, sites: list[Site]) -> list[Room]:
    plans = [
        (site, position, plan)
        for site, site_plan in zip(sites, blueprint.sites, strict=True)
        for position, plan in enumerate(site_plan.rooms)
    ]
    resources = Resource.objects.bulk_create(Resource(kind="room") for _ in plans)
    return Room.objects.bulk_create(
        Room(
            resource=resource,
            site=site,
            name=plan.name,
            capabilities=list(plan.capabilities),
            chairs=plan.chairs,
            turnover_minutes=plan.turnover,
            position=position,
        )
        for resource, (site, position, plan) in zip(resources, plans, strict=True)
    )


def _staff(
    blueprint: Blueprint, sites: list[Site], start: date, rng: Random, names: Names
) -> list[Staff]:
    resources = Resource.objects.bulk_create(Resource(kind="staff") for _ in blueprint.posts)
    people = []
    for number, (post, resource) in enumerate(zip(blueprint.posts, resources, strict=True)):
        given, family = names.next()
        home = blueprint.sites[post.sites[0][0]]
        people.append(
            Staff(
                resource=resource,
                user=_user(post, given, family, sites),
                given_name=given,
                family_name=family,
                title=post.title,
                roles=list(post.roles),
                skills=list(post.skills),
                max_patients=post.max_patients,
                email=f"{given}.{family}@{DOMAIN}".lower(),
                phone=f"+1{home.area_code}55501{number % 100:02d}",
            )
        )
    made = Staff.objects.bulk_create(people)
    posts = list(zip(made, blueprint.posts, strict=True))
    Staff.sites.through.objects.bulk_create(
        Staff.sites.through(staff_id=person.pk, site_id=sites[index].pk)
        for person, post in posts
        for index, _ in post.sites
    )
    WeeklyHours.objects.bulk_create(
        hours for person, post in posts for hours in _weekly(person, post, sites)
    )
    Credential.objects.bulk_create(
        held for person, post in posts for held in _credentials(person, post, start, rng)
    )
    return made


def _user(post: Post, given: str, family: str, sites: list[Site]) -> User | None:
    if not post.sign_in:
        return None
    email = f"{post.sign_in}@{DOMAIN}"
    admin = post.sign_in == "admin"
    user = User.objects.create(
        username=email,
        email=email,
        first_name=given,
        last_name=family,
        password=make_password(PASSWORD),
        is_staff=admin,
        is_superuser=admin,
    )
    Grant.objects.create(
        user=user,
        role=ROLE_OF[post.sign_in],
        site=None if post.sign_in in EVERYWHERE else sites[post.sites[0][0]],
    )
    return user


def _weekly(person: Staff, post: Post, sites: list[Site]) -> list[WeeklyHours]:
    starts, ends = (time.fromisoformat(clock) for clock in post.hours)
    lunch = [time.fromisoformat(clock) for clock in post.lunch] if post.lunch else [None, None]
    return [
        WeeklyHours(
            staff=person,
            site=sites[index],
            weekday=weekday,
            starts=starts,
            ends=ends,
            break_starts=lunch[0],
            break_ends=lunch[1],
        )
        for index, weekdays in post.sites
        for weekday in weekdays
    ]


def _credentials(person: Staff, post: Post, start: date, rng: Random) -> list[Credential]:
    """Licences for every role, and life support that somebody will soon have to renew."""
    kinds = [LICENCES[role] for role in post.roles if role in LICENCES]
    if post.acls:
        kinds.append(("acls", "ACLS"))
    return [
        Credential(
            staff=person,
            kind=kind,
            number=f"{prefix}-{rng.randrange(10**5, 10**6)}",
            issuer="State board (invented)",
            valid_from=start - timedelta(days=rng.randrange(200, 700)),
            expires_on=start + timedelta(days=rng.randrange(120, 720)),
        )
        for kind, prefix in kinds
    ]


def _leave(
    blueprint: Blueprint, sites: list[Site], rooms: list[Room], staff: list[Staff], start: date
) -> None:
    """Two days' holiday, a morning at the dentist, extra hours, a room being painted."""
    monday = _monday(start)
    therapists = _with(staff, THERAPIST)
    nurses = _with(staff, NURSE)
    zone = sites[0].zone
    away, back = monday + timedelta(days=35), monday + timedelta(days=37)
    Absence.objects.create(
        resource_id=therapists[-1].pk,
        starts_at=moment(at(away, time(0), zone)),
        ends_at=moment(at(back, time(0), zone)),
        reason="Holiday",
    )
    talk = next(room for room in rooms if "therapy" in room.capabilities)
    Absence.objects.create(
        resource_id=talk.pk,
        starts_at=moment(at(monday + timedelta(days=60), time(0), zone)),
        ends_at=moment(at(monday + timedelta(days=61), time(0), zone)),
        reason="Painting",
    )
    AvailabilityException.objects.create(
        staff=nurses[2],
        site=sites[0],
        date=monday + timedelta(days=8),
        starts=time(8, 0),
        ends=time(10, 0),
        note="Dentist",
    )
    AvailabilityException.objects.create(
        staff=nurses[3],
        site=sites[0],
        date=monday + timedelta(days=8),
        starts=time(8, 0),
        ends=time(9, 0),
        working=True,
        note="Stands in",
    )


def _with(staff: list[Staff], role: str) -> list[Staff]:
    return [person for person in staff if role in person.roles]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
