"""What a demo consists of, by size: sites, rooms and posts, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

INFUSION, TALK = ("infusion",), ("therapy", "consult")


@dataclass(frozen=True, slots=True)
class RoomPlan:
    name: str
    chairs: int
    capabilities: tuple[str, ...]
    turnover: int = 10


@dataclass(frozen=True, slots=True)
class Post:
    """Somebody's place in the clinic. `sites` are indexes with the weekdays worked there.

    `sign_in` is the local part of the demo address that belongs to whoever has the post.
    """

    title: str
    roles: tuple[str, ...]
    sites: tuple[tuple[int, tuple[int, ...]], ...]
    hours: tuple[str, str]
    lunch: tuple[str, str] | None = None
    skills: tuple[str, ...] = ()
    acls: bool = False
    max_patients: int | None = None
    sign_in: str = ""


@dataclass(frozen=True, slots=True)
class SitePlan:
    name: str
    neutral_name: str
    time_zone: str
    subdivision: str
    address: str
    area_code: str
    rooms: tuple[RoomPlan, ...]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """`travel`: (site, other, minutes)."""

    organisation: str
    sites: tuple[SitePlan, ...]
    posts: tuple[Post, ...]
    travel: tuple[tuple[int, int, int], ...] = ()

    @property
    def infusion_rooms(self) -> int:
        return sum(room.capabilities == INFUSION for site in self.sites for room in site.rooms)

    @property
    def chairs(self) -> int:
        return sum(
            room.chairs
            for site in self.sites
            for room in site.rooms
            if room.capabilities == INFUSION
        )


WEEK = (0, 1, 2, 3, 4)
NURSE, PRESCRIBER, THERAPIST = "monitoring_nurse", "prescriber", "therapist"


def _nurse(
    site: int, hours: tuple[str, str], lunch: str, *, title: str = "Nurse", **facts: str | int
) -> Post:
    hour, minute = lunch.split(":")
    ends = f"{int(hour) + (int(minute) + 30) // 60:02d}:{(int(minute) + 30) % 60:02d}"
    return Post(
        title,
        (NURSE,),
        ((site, WEEK),),
        hours,
        (lunch, ends),
        acls=True,
        **facts,  # type: ignore[arg-type]
    )


def _therapist(
    site: int, hours: tuple[str, str], lunch: tuple[str, str], sign_in: str = ""
) -> Post:
    return Post("Therapist", (THERAPIST,), ((site, WEEK),), hours, lunch, ("kap",), sign_in=sign_in)


def _prescriber(site: int, lunch: tuple[str, str], sign_in: str = "") -> Post:
    hours = ("08:30", "17:30")
    return Post(
        "Physician", (PRESCRIBER,), ((site, WEEK),), hours, lunch, acls=True, sign_in=sign_in
    )


def _practitioner(site: int) -> Post:
    return Post(
        "Nurse practitioner",
        (PRESCRIBER, NURSE),
        ((site, WEEK),),
        ("09:00", "17:30"),
        ("13:30", "14:00"),
        acls=True,
    )


def _office(title: str, role: str, sites: Sequence[int], sign_in: str = "") -> Post:
    return Post(
        title,
        (role,),
        tuple((site, WEEK if number == 0 else ()) for number, site in enumerate(sites)),
        ("08:00", "17:00"),
        ("12:30", "13:00"),
        sign_in=sign_in,
    )


EARLY, DAY, LATE = ("07:45", "16:30"), ("08:00", "17:00"), ("09:00", "18:00")

CLINIC = Blueprint(
    organisation="Lanternfield Clinic",
    sites=(
        SitePlan(
            "Lanternfield Clinic",
            "The practice on Alder Street",
            "America/New_York",
            "NY",
            "14 Alder Street, Lanternfield, NY",
            "212",
            (
                RoomPlan("Bay", 3, INFUSION),
                RoomPlan("Room 1", 1, INFUSION),
                RoomPlan("Room 2", 1, INFUSION),
                RoomPlan("Room 3", 1, INFUSION),
                RoomPlan("Therapy A", 1, TALK),
                RoomPlan("Therapy B", 1, TALK),
            ),
        ),
    ),
    posts=(
        _nurse(0, EARLY, "11:00", title="Charge nurse", sign_in="charge"),
        _nurse(0, DAY, "11:40", sign_in="nurse"),
        _nurse(0, DAY, "12:20"),
        _nurse(0, LATE, "13:00"),
        _nurse(0, LATE, "13:40"),
        _practitioner(0),
        _therapist(0, ("08:00", "16:30"), ("12:00", "12:30"), "therapist"),
        _therapist(0, ("09:00", "17:30"), ("12:30", "13:00")),
        _therapist(0, ("09:30", "18:00"), ("13:00", "13:30")),
        _prescriber(0, ("12:30", "13:00"), "prescriber"),
        _office("Front desk", "front_desk", [0], "desk"),
        _office("Biller", "biller", [0], "biller"),
        _office("Practice manager", "manager", [0], "manager"),
        _office("Administrator", "administrator", [0], "admin"),
    ),
)


def _centre_site(
    name: str, neutral: str, zone: str, part: str, address: str, area: str
) -> SitePlan:
    return SitePlan(
        name,
        neutral,
        zone,
        part,
        address,
        area,
        (
            RoomPlan("Bay East", 3, INFUSION),
            RoomPlan("Bay West", 2, INFUSION),
            RoomPlan("Room 1", 1, INFUSION),
            RoomPlan("Room 2", 1, INFUSION),
            RoomPlan("Room 3", 1, INFUSION),
            RoomPlan("Therapy A", 1, TALK),
            RoomPlan("Therapy B", 1, TALK),
            RoomPlan("Therapy C", 1, TALK),
        ),
    )


def _centre_posts(site: int) -> tuple[Post, ...]:
    """Eighteen people who work at one site only; the first site has the demo's sign-ins."""
    first = site == 0
    return (
        _nurse(site, EARLY, "10:40", title="Charge nurse", sign_in="charge" if first else ""),
        _nurse(site, EARLY, "11:10", sign_in="nurse" if first else ""),
        _nurse(site, DAY, "11:40"),
        _nurse(site, DAY, "12:10"),
        _nurse(site, DAY, "12:40"),
        _nurse(site, LATE, "13:10"),
        _nurse(site, LATE, "13:40"),
        _nurse(site, LATE, "14:10", max_patients=2),
        _practitioner(site),
        _therapist(site, ("08:00", "16:30"), ("12:00", "12:30"), "therapist" if first else ""),
        _therapist(site, ("08:30", "17:00"), ("12:30", "13:00")),
        _therapist(site, ("09:00", "17:30"), ("13:00", "13:30")),
        _therapist(site, ("09:30", "18:00"), ("13:30", "14:00")),
        _therapist(site, ("09:30", "18:00"), ("12:00", "12:30")),
        _prescriber(site, ("12:00", "12:30"), "prescriber" if first else ""),
        _prescriber(site, ("13:00", "13:30")),
        _office("Front desk", "front_desk", [site], "desk" if first else ""),
        _office("Front desk", "front_desk", [site]),
    )


CENTRE = Blueprint(
    organisation="Lanternfield Infusion Centres",
    sites=(
        _centre_site(
            "Lanternfield Harbor",
            "The practice on Quay Lane",
            "America/New_York",
            "NY",
            "3 Quay Lane, Lanternfield, NY",
            "212",
        ),
        _centre_site(
            "Lanternfield Uplands",
            "The practice on Orchard Rise",
            "America/New_York",
            "NY",
            "70 Orchard Rise, Upper Lanternfield, NY",
            "518",
        ),
        _centre_site(
            "Lanternfield Prairie",
            "The practice on Grain Street",
            "America/Chicago",
            "IL",
            "221 Grain Street, Prairie Junction, IL",
            "312",
        ),
    ),
    posts=(
        *(post for site in range(3) for post in _centre_posts(site)),
        Post(
            "Float nurse",
            (NURSE,),
            ((0, (0, 2, 4)), (1, (1, 3))),
            ("09:00", "17:30"),
            ("12:00", "12:30"),
            acls=True,
        ),
        Post(
            "Therapist",
            (THERAPIST,),
            ((0, (0, 1)), (1, (2, 3, 4))),
            ("09:00", "17:30"),
            ("12:30", "13:00"),
            ("kap",),
        ),
        Post(
            "Physician",
            (PRESCRIBER,),
            ((1, (0, 1, 2)), (2, (3, 4))),
            ("09:00", "17:00"),
            ("12:30", "13:00"),
            acls=True,
        ),
        _office("Biller", "biller", [0, 1, 2], "biller"),
        _office("Operations manager", "manager", [0, 1, 2], "manager"),
        _office("Administrator", "administrator", [0, 1, 2], "admin"),
    ),
    travel=((0, 1, 45), (0, 2, 300), (1, 2, 300)),
)

SIZES = {"clinic": CLINIC, "centre": CENTRE}
OPENS, CLOSES = "08:00", "18:00"
GRAIN = 10
ROLE_OF = {
    "desk": "front_desk",
    "therapist": "therapist",
    "nurse": "nurse",
    "charge": "charge_nurse",
    "prescriber": "prescriber",
    "biller": "biller",
    "manager": "manager",
    "admin": "administrator",
}
DOMAIN, PASSWORD = "chairtime.example", "chairtime-demo"
