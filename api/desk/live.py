"""How the day runs, as one viewer may see it; and the live board of the desk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from api.desk import words
from api.desk.board import Sight
from api.desk.sheet import names_in
from api.desk.steps import STEPS, Step
from api.permissions import may, visible_visits
from clinic.models import Room, Site, User
from scheduling.models import Appointment, Claim, Status
from scheduling.models.series import AHEAD
from scheduling.planner import gates
from scheduling.planner.estimates import WARN_FROM, Because, Estimate
from scheduling.planner.progress import UNDER_WAY, next_of
from scheduling.selectors import step_name
from scheduling.selectors.gates import had_before, standings
from scheduling.selectors.running import Running, running

GATED: dict[gates.Moment, str] = {"prep": "in_prep", "discharge": "discharged"}
TABS = {"desk": "Desk", "nurses": "Nurses", "rooms": "Rooms"}


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """A phase beside its plan: `tells` is true where the two differ."""

    name: str
    state: str
    planned_start: datetime
    planned_end: datetime
    start: datetime
    end: datetime
    over: int

    @property
    def tells(self) -> bool:
        return (self.planned_start, self.planned_end) != (self.start, self.end)


@dataclass(frozen=True, slots=True)
class Card:
    """A visit on a live board. `expected` is set where it is later than planned enough to tell.

    `open` names the gates that would block its next phase: `Consent`, `Escort is here`.
    """

    pk: int
    name: str
    step: str
    hue: str
    status: str
    planned: datetime
    ends: datetime
    rooms: str
    expected: datetime | None = None
    late: int = 0
    missing: int = 0
    over: int = 0
    now: PhaseLine | None = None
    phases: tuple[PhaseLine, ...] = ()
    why: str = ""
    phone: str = ""
    open: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def step_on(self) -> Step | None:
        """The usual next step, offered by a tap; calling somebody a no-show is none."""
        return next((one for one in self.steps if one.value != Status.CONFIRMED), None)

    @property
    def no_show(self) -> Step | None:
        return next((one for one in self.steps if one.value == Status.NO_SHOW), None)


@dataclass(frozen=True, slots=True)
class DeskBoard:
    """Who comes next, who is late, who is here, and who is done with today."""

    late: list[Card]
    coming: list[Card]
    here: list[Card]
    done: list[Card]


@dataclass
class Live:
    """How a site's day runs as one viewer may see it."""

    user: User
    run: Running
    now: datetime
    rooms: list[Room] = field(default_factory=list)

    def __post_init__(self) -> None:
        site = self.run.site
        self.rooms = list(Room.objects.filter(site=site, active=True))
        self.sight = Sight.of(self.user, site)
        self.names = names_in(self.run.visits, self.rooms)
        self.seen = self._seen()
        self.runs_day = may(self.user, "run_day", site)
        self.calls = self.sight.names and may(self.user, "see_patients", site)

    def _seen(self) -> frozenset[int]:
        site, ids = self.run.site, [visit.pk for visit in self.run.visits]
        if may(self.user, "see_day", site):
            return frozenset(ids)
        mine = visible_visits(self.user, Appointment.objects.filter(pk__in=ids))
        return frozenset(mine.values_list("pk", flat=True))

    def card(self, visit: Appointment) -> Card:
        """A visit with its estimate, in this viewer's words."""
        told = self.run.estimates.get(visit.pk)
        rooms = [c.resource_id for c in visit.claims.all() if c.role == Claim.Role.ROOM]
        patient, zone, care = visit.patient, self.run.site.zone, self.sight.care
        phases = tuple(self._phases(told)) if told and care else ()
        delay = told.delay if told else 0
        planned = visit.starts_at.astimezone(zone)
        return Card(
            pk=visit.pk,
            name=patient.name if self.sight.names else words.dotted(patient),
            step=step_name(visit) if care else "Visit",
            hue=words.hue(self.run.kinds[visit.pk]),
            status=visit.status,
            planned=planned,
            ends=self.run.clock(told.end) if told else visit.ends_at.astimezone(zone),
            rooms=", ".join(dict.fromkeys(self.names.get(pk, "") for pk in rooms)),
            expected=self._expected(visit, delay) if delay >= WARN_FROM else None,
            late=delay if delay >= WARN_FROM else 0,
            missing=told.missing if told else 0,
            over=told.over if told else 0,
            now=next((one for one in phases if one.state == "now"), None),
            phases=phases,
            why=self._why(told.because) if told and told.because and told.warns else "",
            phone=patient.phone if self.calls else "",
            open=self._open(visit) if care else (),
            steps=tuple(self._steps(visit)),
        )

    @cached_property
    def _gates(self) -> dict[int, list[gates.Stands]]:
        """Of those whose next gates can still be met: before preparation, or before they leave."""
        asked = [visit for visit in self.run.visits if _gate_ahead(visit)]
        return standings(asked, now=self.now)

    def _open(self, visit: Appointment) -> tuple[str, ...]:
        moment = _gate_ahead(visit)
        if not moment or not gates.blocks_at(GATED[moment], self.run.kinds[visit.pk]):
            return ()
        found = [one.gate for one in gates.missing(self._gates[visit.pk], moment)]
        if visit.status in AHEAD:
            # What is asked at the door is not missing before somebody stands there.
            found = [gate for gate in found if had_before(gate)]
        # The clock of the observation is on the card already, and met by waiting.
        return tuple(gate.short for gate in found if gate.kind != gates.OBSERVED)

    def _expected(self, visit: Appointment, delay: int) -> datetime:
        """When it will begin, or end once it has begun."""
        told = self.run.estimates[visit.pk]
        if not told.waits:
            return self.run.clock(told.end)
        return self.run.clock(told.phases[0].phase.start + delay)

    def _phases(self, told: Estimate) -> Iterator[PhaseLine]:
        clock = self.run.clock
        for one in told.phases:
            yield PhaseLine(
                words.phase(one.phase.name),
                one.state,
                clock(one.phase.start),
                clock(one.phase.end),
                clock(one.start),
                clock(one.end),
                one.over,
            )

    def _why(self, because: Because) -> str:
        """`Room 2 runs over 15 min`."""
        pk, lane = because.key
        chairs = next((room.chairs for room in self.rooms if room.pk == pk), 1)
        name = f"{self.names.get(pk, '')}{f' · {lane + 1}' if chairs > 1 else ''}"
        if because.over <= 0:
            return f"{name} is not free sooner"
        return f"{name} runs over {because.over} min"

    def _steps(self, visit: Appointment) -> Iterator[Step]:
        if not self.runs_day:
            return
        for to in next_of(visit.status, self.run.kinds[visit.pk]):
            if to != Status.NO_SHOW or self.now >= visit.starts_at:
                yield STEPS[to]

    def _cards(self, visits: Iterable[Appointment]) -> list[Card]:
        return [self.card(visit) for visit in visits if visit.pk in self.seen]

    def desk(self) -> DeskBoard:
        """Each list with what to look at first on top."""
        late: list[Card] = []
        coming: list[Card] = []
        here: list[Card] = []
        done: list[Card] = []
        for card in self._cards(self.run.visits):
            if card.status in (Status.DISCHARGED, Status.NO_SHOW, Status.CANCELLED):
                done.append(card)
            elif card.status in UNDER_WAY:
                here.append(card)
            elif card.status != Status.TO_REBOOK:
                (late if card.missing else coming).append(card)
        here.sort(key=lambda card: (-card.over, card.planned))
        return DeskBoard(late, coming, here, done[::-1])


def _gate_ahead(visit: Appointment) -> gates.Moment | None:
    """Which gates a visit comes to next."""
    if visit.status == Status.RECOVERING:
        return "discharge"
    return "prep" if visit.status in (*AHEAD, Status.ARRIVED) else None


def read_live(user: User, site: Site, now: datetime) -> Live:
    """Today at a site as it runs."""
    run = running(site=site, day=now.astimezone(site.zone).date(), now=now)
    return Live(user, run, now)
