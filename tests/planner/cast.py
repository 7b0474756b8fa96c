"""A small clinic in Python, for tests of the planner: rooms, people, promises, protocols.

Times are written as the clinic says them, `"Tue 8 Dec 09:00"` or `"8 Dec 09:00"`, in the site's
zone. The clinic opens Monday 7 December 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduling.planner.day import CoverTask, Diary, Person, Room
from scheduling.planner.intervals import span, to_minute
from scheduling.planner.plans import PlannedClaim, PlannedPhase, PlannedVisit, Request
from scheduling.planner.protocols import (
    NURSE,
    PRESCRIBER,
    THERAPIST,
    Gap,
    Phase,
    Protocol,
    RoleNeed,
    RoomNeed,
    Step,
)
from scheduling.planner.shape import shape_of

MONDAY = date(2026, 12, 7)
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass
class Fixture:
    """A room or person under construction; the diary freezes it."""

    id: int
    name: str
    lanes: int
    capabilities: frozenset[str] = frozenset()
    turnover: int = 0
    skills: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ()
    max_patients: int | None = None
    hours: tuple[str, str] | None = None
    busy: list[tuple[int, int, int]] = field(default_factory=list)
    off: list[tuple[int, int]] = field(default_factory=list)
    lapsed: dict[str, list[tuple[int, int]]] = field(default_factory=dict)


class Clinic:
    """Builds a Diary step by step; every adder returns what it made."""

    def __init__(
        self,
        days: int = 60,
        first: date = MONDAY,
        zone: str = "America/New_York",
        hours: tuple[str, str] = ("08:00", "17:00"),
        weekdays: Iterable[int] = range(5),
        grain: int = 15,
        nurse_lanes: int = 4,
        now: str = "",
    ) -> None:
        self.first, self.last = first, first + timedelta(days=days - 1)
        self.zone, self.hours, self.weekdays = ZoneInfo(zone), hours, frozenset(weekdays)
        self.grain, self.nurse_lanes, self.now = grain, nurse_lanes, now
        self.rooms: list[Fixture] = []
        self.people: list[Fixture] = []
        self.promised: list[CoverTask] = []
        self.patient_busy: list[tuple[int, int]] = []
        self.present: dict[str, list[tuple[int, int]]] = {}

    def room(self, name: str, *capabilities: str, chairs: int = 1, turnover: int = 0) -> Fixture:
        made = Fixture(
            len(self.rooms) + 1, name, chairs, frozenset(capabilities), turnover=turnover
        )
        self.rooms.append(made)
        return made

    def person(
        self,
        name: str,
        *roles: str,
        skills: Iterable[str] = (),
        max_patients: int | None = None,
        hours: tuple[str, str] | None = None,
    ) -> Fixture:
        lanes = self.nurse_lanes if NURSE in roles else 1
        made = Fixture(
            100 + len(self.people),
            name,
            lanes,
            skills=frozenset(skills),
            roles=roles,
            max_patients=max_patients,
            hours=hours,
        )
        self.people.append(made)
        return made

    def nurse(self, name: str, **more: object) -> Fixture:
        return self.person(name, NURSE, **more)  # type: ignore[arg-type]

    def therapist(self, name: str, **more: object) -> Fixture:
        return self.person(name, THERAPIST, **more)  # type: ignore[arg-type]

    def prescriber(self, name: str, **more: object) -> Fixture:
        return self.person(name, PRESCRIBER, **more)  # type: ignore[arg-type]

    def at(self, when: str) -> int:
        """Absolute minute of `"Tue 8 Dec 09:00"`; the weekday is only for the reader."""
        day, month, clock = when.split()[-3:]
        number = MONTHS.index(month) + 1
        year = self.first.year + (number < self.first.month)
        there = date(year, number, int(day))
        return to_minute(datetime.combine(there, time.fromisoformat(clock), self.zone))

    def span(self, start: str, end: str) -> tuple[int, int]:
        """Absolute minutes of a start and of an end on the same day (`"10:00"`) or another."""
        begin = self.at(start)
        full = end if " " in end else " ".join([*start.split()[:-1], end])
        return begin, self.at(full)

    def busy(self, who: Fixture, start: str, end: str, lanes: Iterable[int] = ()) -> None:
        """A claim on lanes of a room or person, on all of them unless told."""
        low, high = self.span(start, end)
        who.busy += [(lane, low, high) for lane in (lanes or range(who.lanes))]

    def off(self, who: Fixture, start: str, end: str) -> None:
        who.off.append(self.span(start, end))

    def expired(self, who: Fixture, role: str, start: str, end: str) -> None:
        who.lapsed.setdefault(role, []).append(self.span(start, end))

    def monitors(
        self,
        nurse: Fixture,
        start: str,
        end: str,
        lanes: Iterable[int],
        visit: str = "",
        pinned: bool = False,
    ) -> CoverTask:
        """A patient whom a nurse already has, on these lanes."""
        low, high = self.span(start, end)
        held = tuple(lanes)
        task = CoverTask(
            visit=visit or f"booked-{len(self.promised)}",
            start=low,
            end=high,
            lanes=len(held),
            nurse=nurse.id,
            pinned=pinned,
            held=held,
        )
        nurse.busy += [(lane, low, high) for lane in held]
        self.promised.append(task)
        return task

    @property
    def presence_spans(self) -> list[tuple[int, int]]:
        """Absolute minutes with somebody holding ACLS on site."""
        return self.present.get("acls", [])

    @presence_spans.setter
    def presence_spans(self, spans: list[tuple[int, int]]) -> None:
        self.present["acls"] = spans

    def presence(self, credential: str, start: str, end: str) -> None:
        self.present.setdefault(credential, []).append(self.span(start, end))

    def open_spans(self, hours: tuple[str, str] | None = None) -> list[tuple[int, int]]:
        """Absolute minutes of opening (or a person's hours) on every open day."""
        start, end = (time.fromisoformat(clock) for clock in hours or self.hours)
        found = []
        for index in range((self.last - self.first).days + 1):
            day = self.first + timedelta(days=index)
            if day.weekday() in self.weekdays:
                low = to_minute(datetime.combine(day, start, self.zone))
                high = to_minute(datetime.combine(day, end, self.zone))
                found.append((low, high if end > start else high + 1440))
        return found

    def diary(self) -> Diary:
        start = to_minute(datetime.combine(self.first, time(0), self.zone))
        after = self.last + timedelta(days=1)
        length = to_minute(datetime.combine(after, time(0), self.zone)) - start
        whole = span(0, length)

        def bits(spans: Iterable[tuple[int, int]]) -> int:
            drawn = 0
            for low, high in spans:
                drawn |= span(max(0, low - start), max(0, high - start))
            return drawn & whole

        def free(one: Fixture) -> tuple[int, ...]:
            return tuple(
                whole & ~bits((low, high) for at, low, high in one.busy if at == lane)
                for lane in range(one.lanes)
            )

        def person(one: Fixture) -> Person:
            on = bits(self.open_spans(one.hours)) & ~bits(one.off)
            lapsed = {role: bits(spans) & on for role, spans in one.lapsed.items()}
            return Person(
                id=one.id,
                name=one.name,
                skills=one.skills,
                duty={role: on & ~lapsed.get(role, 0) for role in one.roles},
                lanes=free(one),
                max_patients=one.max_patients,
                lapsed=lapsed,
            )

        return Diary(
            site="Harbour",
            zone=self.zone,
            first=self.first,
            last=self.last,
            grain=self.grain,
            nurse_lanes=self.nurse_lanes,
            now=self.at(self.now) if self.now else start,
            open=bits(self.open_spans()),
            rooms=tuple(
                Room(
                    id=room.id,
                    name=room.name,
                    capabilities=room.capabilities,
                    turnover=room.turnover,
                    lanes=tuple(lane & ~bits(room.off) for lane in free(room)),
                )
                for room in self.rooms
            ),
            people=tuple(person(one) for one in self.people),
            patient=whole & ~bits(self.patient_busy),
            presence={key: bits(spans) for key, spans in self.present.items()},
            cover=tuple(self.promised),
        )


def harbour(days: int = 90, **more: object) -> Clinic:
    """A clinic with all that the protocols below need: 4 rooms, 2 therapists, 2 nurses."""
    clinic = Clinic(days=days, **more)  # type: ignore[arg-type]
    clinic.room("Room 1", "infusion", chairs=2, turnover=15)
    clinic.room("Room 2", "infusion", turnover=15)
    clinic.room("Therapy A", "therapy", "consult")
    clinic.room("Therapy B", "therapy", "consult")
    clinic.therapist("Ana")
    clinic.therapist("Ben")
    clinic.prescriber("Dr Cho")
    clinic.nurse("Ines")
    clinic.nurse("Jo")
    return clinic


def infusion(infuse: int = 40, presence: Iterable[str] = ()) -> tuple[Phase, ...]:
    """Arrive 10, prep 20, infuse, recover 60, discharge 10, in one chair of one room."""
    room = RoomNeed("infusion")
    there = frozenset(presence)

    def watched(ratio: int) -> tuple[RoleNeed, ...]:
        return (RoleNeed(NURSE, ratio=ratio),)

    return (
        Phase("arrive", 10),
        Phase("prep", 20, room, watched(1)),
        Phase("infuse", infuse, room, watched(2), presence=there),
        Phase("recover", 60, room, watched(4), presence=there),
        Phase("discharge", 10, room, watched(4), presence=there),
    )


def session(minutes: int, capability: str, role: str) -> tuple[Phase, ...]:
    """One phase with one clinician in a room of their own."""
    return (Phase("session", minutes, RoomNeed(capability, private=True), (RoleNeed(role),)),)


def after(anchor: str, earliest: int, latest: int, ideal: int | None = None) -> tuple[Gap, ...]:
    return (Gap(anchor, earliest, latest, ideal=ideal),)


def kare() -> Protocol:
    """Three weekly infusions with seven therapy sessions, after a screening."""
    therapy = session(90, "therapy", THERAPIST)
    visits: list[Step] = [
        Step("screening", "Screening", "screening", session(90, "consult", PRESCRIBER),
             after("inf1", -28, -7)),
        Step("th1", "Therapy 1", "therapy", therapy, after("inf1", -7, -1)),
        Step("inf1", "Infusion 1", "infusion", infusion()),
    ]  # fmt: skip
    for n in (1, 2, 3):
        if n > 1:
            window = after(f"inf{n - 1}", 6, 8, ideal=7)
            visits.append(Step(f"inf{n}", f"Infusion {n}", "infusion", infusion(), window))
        window = after(f"inf{n}", 1, 2, ideal=1)
        visits.append(Step(f"th{n + 1}", f"Therapy {n + 1}", "therapy", therapy, window))
    for n, anchor in ((5, "inf3"), (6, "th5"), (7, "th6")):
        window = after(anchor, 6, 8, ideal=7)
        visits.append(Step(f"th{n}", f"Therapy {n}", "therapy", therapy, window))
    return Protocol("aud-kare", 1, "AUD, three infusions", tuple(visits), "inf1")


def depression() -> Protocol:
    """Six infusions in three weeks: a clear day between, at most three in seven days."""
    consult = session(60, "consult", PRESCRIBER)
    visits = [Step("consult", "Consult", "consult", consult, after("inf1", -21, -1))]
    for n in range(1, 7):
        gaps: list[Gap] = []
        if n > 1:
            gaps += after(f"inf{n - 1}", 2, 5, ideal=2)
        if n > 3:
            gaps += after(f"inf{n - 3}", 7, 12)
        if n == 6:
            gaps += after("inf1", 10, 20)
        visits.append(Step(f"inf{n}", f"Infusion {n}", "infusion", infusion(), tuple(gaps)))
    review = session(30, "consult", PRESCRIBER)
    visits.append(Step("review", "Review", "review", review, after("inf6", 1, 7)))
    return Protocol("depression-induction", 1, "Depression", tuple(visits), "inf1")


def ptsd() -> Protocol:
    """Six infusions on Mondays, Wednesdays and Fridays, done by D14."""
    consult = session(60, "consult", PRESCRIBER)
    visits = [Step("consult", "Consult", "consult", consult, after("inf1", -21, -1))]
    for n in range(1, 7):
        gaps = after(f"inf{n - 1}", 2, 5, ideal=2) if n > 1 else ()
        if n == 6:
            gaps += after("inf1", 10, 14)
        days = frozenset({0, 2, 4})
        visits.append(Step(f"inf{n}", f"Infusion {n}", "infusion", infusion(), gaps, days))
    return Protocol("ptsd-induction", 1, "PTSD", tuple(visits), "inf1")


def maintenance() -> Protocol:
    """One infusion 21 to 90 days after the previous one, which lies outside the series."""
    step = Step("inf1", "Infusion", "infusion", infusion(), after("previous_infusion", 21, 90))
    return Protocol("maintenance", 1, "Maintenance", (step,), "inf1")


def kap(dosings: int = 6) -> Protocol:
    """Dosing with the therapist and a private room throughout, each followed by integration."""
    room = RoomNeed("infusion", private=True)

    def dosing_phase(name: str, minutes: int, ratio: int) -> Phase:
        roles = (RoleNeed(NURSE, ratio=ratio), RoleNeed(THERAPIST))
        return Phase(name, minutes, room, roles)

    dosing = (
        dosing_phase("prep", 20, 1),
        dosing_phase("dosing", 100, 2),
        dosing_phase("recover", 50, 4),
        dosing_phase("discharge", 10, 4),
    )
    talk = session(50, "therapy", THERAPIST)
    visits = [
        Step("medical", "Medical", "screening", session(60, "consult", PRESCRIBER),
             after("dosing1", -28, -3)),
        Step("intake", "Intake", "screening", session(60, "therapy", THERAPIST),
             after("dosing1", -28, -3), shares_day_with="medical"),
        Step("prep1", "Preparation 1", "therapy", talk,
             (*after("dosing1", -14, -1), *after("intake", 1, 27))),
        Step("prep2", "Preparation 2", "therapy", talk,
             (*after("dosing1", -14, -1), *after("prep1", 1, 13))),
    ]  # fmt: skip
    for n in range(1, dosings + 1):
        gaps = after(f"dosing{n - 1}", 4, 10, ideal=7) if n > 1 else ()
        visits.append(Step(f"dosing{n}", f"Dosing {n}", "dosing", dosing, gaps))
        gaps = after(f"dosing{n}", 1, 3, ideal=1)
        visits.append(Step(f"integration{n}", f"Integration {n}", "therapy", talk, gaps))
    return Protocol("kap", 1, "Ketamine-assisted psychotherapy", tuple(visits), "dosing1")


def esketamine(visits: int = 12) -> Protocol:
    """Two visits a week for four weeks, then weekly; no therapist of one's own."""
    room = RoomNeed("infusion")
    phases = (
        Phase("prep", 20, room, (RoleNeed(NURSE, ratio=1),)),
        Phase("dose and observe", 120, room, (RoleNeed(NURSE, ratio=2),)),
        Phase("discharge", 10, room, (RoleNeed(NURSE, ratio=4),)),
    )
    steps = []
    for n in range(1, visits + 1):
        gaps: list[Gap] = []
        if 1 < n <= 8:
            week = 7 * ((n - 1) // 2)
            gaps += after(f"visit{n - 1}", 2, 5, ideal=3)
            gaps += after("visit1", max(2, week), week + 6)
        elif n > 8:
            gaps += after(f"visit{n - 1}", 6, 8, ideal=7)
        steps.append(Step(f"visit{n}", f"Visit {n}", "dosing", phases, tuple(gaps)))
    return Protocol(
        "esketamine-rems", 1, "Esketamine", tuple(steps), "visit1", same_therapist=False
    )


def wants(
    protocol: Protocol,
    not_before: date = MONDAY,
    within: int = 30,
    acuity: int = 1,
    completed: Mapping[str, date] | None = None,
    **more: object,
) -> Request:
    """A request; `earliest` and `latest` may be written `"09:00"`."""
    for limit in ("earliest", "latest"):
        if isinstance(more.get(limit), str):
            more[limit] = time.fromisoformat(str(more[limit]))
    for several in ("weekdays", "staff"):
        if several in more:
            more[several] = frozenset(more[several])  # type: ignore[call-overload]
    return Request(
        protocol=protocol,
        acuity=acuity,
        not_before=not_before,
        not_after=not_before + timedelta(days=within),
        completed=completed or {},
        **more,  # type: ignore[arg-type]
    )


def visit(
    step: Step, start: int, room: Fixture | None = None, lanes: Iterable[int] = (0,),
    **staff: Fixture,
) -> PlannedVisit:  # fmt: skip
    """A visit at an absolute minute with one room for every place, and clinicians by role."""
    shape = shape_of(step)
    claims = []
    for stay in shape.stays:
        if room:
            end = start + stay.end + room.turnover
            claims.append(
                PlannedClaim(
                    room.id, "room", "room", tuple(lanes), start + stay.start, end, room.turnover
                )
            )
    for turn in shape.turns:
        if person := staff.get(turn.role):
            claims += [
                PlannedClaim(
                    person.id, "staff", turn.role, tuple(range(person.lanes)), start + low,
                    start + high,
                )
                for low, high in turn.spans
            ]  # fmt: skip
    phases = tuple(PlannedPhase(name, start + a, start + b) for name, a, b in shape.phases)
    return PlannedVisit(step.key, start, start + shape.minutes, phases, tuple(claims))
