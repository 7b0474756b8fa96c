"""An obstacle in words: the step, the rule, the rooms or people it is about, and the dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import reduce

from scheduling.planner.intervals import erode, members
from scheduling.planner.options import Variant
from scheduling.planner.plans import Blocked
from scheduling.planner.protocols import THERAPIST, Step
from scheduling.planner.shape import Turn, shape_of, watches_of
from scheduling.planner.variants import Search
from scheduling.planner.words import count, day_words, listed, role_words

NAMES = 4
"""Rooms or people named at most."""


@dataclass(frozen=True)
class Obstacle:
    """Rules that block the steps at these positions, and the search that found it so."""

    rules: tuple[str, ...]
    steps: tuple[int, ...]
    eased: Search


def tell(search: Search, obstacle: Obstacle) -> Blocked:
    """The obstacle as a person at the desk is told of it."""
    if obstacle.rules == ("one_therapist_throughout",):
        return _one_therapist(search)
    rule, _, role = obstacle.rules[-1].partition(" ")
    steps = [search.frame.steps[i] for i in obstacle.steps]
    step, shape = steps[0], shape_of(steps[0])
    whom = listed(s.name for s in steps) if len(steps) <= 3 else f"{step.name} and others"
    takes, needs = ("take", "need") if len(steps) > 1 else ("takes", "needs")
    minutes = f"{whom} {takes} {step.minutes} minutes"
    if rule.startswith("clinician"):
        resource = _some(_clinicians(search, step, role))
        state = _state(obstacle.rules, role)
        message = f"{whom} {needs} {resource}, {state} at every time that would do"
    elif rule == "room_is_free":
        resource = _some(_rooms(search, step))
        message = f"{whom}: no free place in {resource} at any time that would do"
    elif rule == "nurse_cover_is_kept":
        resource = "nurse cover"
        watches = watches_of(step, search.request.acuity, search.diary.nurse_lanes)
        lanes = count(max(watch.lanes for watch in watches), "lane")
        message = f"{whom} {needs} {lanes} of one nurse at times, more than those on duty can give"
    elif rule == "presence_is_kept":
        resource = listed(sorted({need.credential.upper() for need in shape.attendances}))
        message = f"{whom} {needs} somebody with {resource} on site; nobody is for long enough"
    elif rule == "preferred_hours":
        resource = "hours asked for"
        message = f"{minutes} each, with no start {_limits(search)}"
    elif rule == "patient_is_free":
        resource = "patient"
        busy = "is away or has other visits" if search.diary.away else "has other visits"
        message = f"{whom}: the patient {busy} at every time that would do"
    elif rule == "weekday_is_allowed":
        resource = step.name
        message = f"{whom}: no place on the weekdays that the protocol allows"
    else:
        resource = search.diary.site
        message = f"{minutes}, longer than the opening hours leave"
    return Blocked(step.key, rule, resource, f"{message}, {_dates(search, obstacle)}.")


def lacking(search: Search) -> list[Blocked]:
    """What the site does not have at all: a room, a clinician, hours long enough."""
    found: dict[tuple[str, str], Blocked] = {}
    for step in search.frame.steps:
        shape = shape_of(step)
        for stay in shape.stays:
            if not any(stay.capabilities <= room.capabilities for room in search.diary.rooms):
                wanted = listed(sorted(stay.capabilities))
                message = f"{step.name} needs a room for {wanted}; this site has none."
                blocked = Blocked(step.key, "room_has_capability", wanted, message)
                found.setdefault((blocked.rule, wanted), blocked)
        for turn in shape.turns:
            if not search.starts.clinicians(turn, None):
                blocked = _nobody(search, step, turn)
                found.setdefault((blocked.rule, blocked.resource), blocked)
        if not erode(search.diary.open, step.minutes):
            message = f"{step.name} takes {step.minutes} minutes; the site is never open so long."
            blocked = Blocked(step.key, "site_is_open", search.diary.site, message)
            found.setdefault((blocked.rule, blocked.resource), blocked)
    return list(found.values())


def _nobody(search: Search, step: Step, turn: Turn) -> Blocked:
    """No clinician has the role and skills, with a valid credential, on any day in question."""
    role = role_words(turn.role)
    skilled = [p for p in search.diary.people if turn.skills <= p.skills]
    expired = [p.name for p in skilled if p.lapsed.get(turn.role)]
    skills = f" with {listed(sorted(turn.skills))}" if turn.skills else ""
    if expired:
        message = f"{step.name} needs a {role}; {listed(expired)} has no valid credential then."
        return Blocked(step.key, "clinician_is_qualified", listed(expired), message)
    message = f"{step.name} needs a {role}{skills}; nobody works here as one on these days."
    return Blocked(step.key, "clinician_is_qualified", role, message)


def _one_therapist(search: Search) -> Blocked:
    names = listed(person.name for person in search.starts.staff.get(THERAPIST, []))
    step = next(step for step in search.frame.steps if step.needs(THERAPIST))
    message = (
        f"No one therapist can take every visit, from {step.name} on; {names} between them could. "
        "The protocol asks for one throughout."
    )
    return Blocked(step.key, "one_therapist_throughout", names, message)


def _state(rules: tuple[str, ...], role: str) -> str:
    if rules == (f"clinician_is_qualified {role}",):
        return "without a valid credential"
    if rules == (f"clinician_is_on_duty {role}",):
        return "off duty"
    return "taken" if len(rules) == 1 else "taken or off duty"


def scarcest(search: Search) -> Blocked:
    """No single rule is to blame: the one that leaves the fewest days to some step."""
    found: list[tuple[int, int, str, str]] = []
    starts, frame = search.starts, search.frame
    for i, step in enumerate(frame.steps):
        shape = shape_of(step)
        common = starts.hours(step) & starts.opening(step)
        parts = [("room_is_free", _some(_rooms(search, step)), starts.rooms(shape))]
        if shape.turns:
            staffed = reduce(int.__or__, (bits for _, bits in starts.staffings(step, None)), 0)
            roles = listed(role_words(turn.role) for turn in shape.turns)
            parts.append(("clinician_is_free", roles, staffed))
        parts.append(("nurse_cover_is_kept", "nurse cover", starts.pooled(step, frozenset())))
        parts.append(("presence_is_kept", "presence", starts.presence(step)))
        for rule, resource, bits in parts:
            days = search.day_bits(common & bits) & search.windows[i]
            found.append((days.bit_count(), i, rule, resource))
    days_left, i, rule, resource = min(found)
    step = frame.steps[i]
    message = (
        f"Several things together stand in the way. The scarcest is {resource} for {step.name}: "
        f"{count(days_left, 'day')} with any place from {day_words(search.request.not_before)} "
        f"to {day_words(search.diary.last)}."
    )
    return Blocked(step.key, rule, resource, message)


def _dates(search: Search, obstacle: Obstacle) -> str:
    """The days on which the blocked steps would be needed."""
    days = 0
    for therapist in obstacle.eased.therapists:
        left = obstacle.eased.days_left(Variant(therapist), narrowed=False)
        days |= reduce(int.__or__, (left[i] for i in obstacle.steps))
    found = [search.diary.first + timedelta(days=day) for day in members(days)]
    if not found:
        return f"from {day_words(search.request.not_before)}"
    if len(found) == 1:
        return f"on {day_words(found[0])}"
    return f"from {day_words(found[0])} to {day_words(found[-1])}"


def _limits(search: Search) -> str:
    """The hours asked for."""
    request = search.request
    parts = []
    if request.earliest is not None:
        parts.append(f"after {request.earliest:%H:%M}")
    if request.latest is not None:
        parts.append(f"that ends by {request.latest:%H:%M}")
    return " ".join(parts)


def _rooms(search: Search, step: Step) -> list[str]:
    """Rooms with the capabilities of some stay of the step."""
    stays = shape_of(step).stays
    return [
        room.name
        for room in search.diary.rooms
        if any(stay.capabilities <= room.capabilities for stay in stays)
    ]


def _clinicians(search: Search, step: Step, role: str) -> list[str]:
    """Who could be that clinician of the step, if free."""
    return [
        person.name
        for turn in shape_of(step).turns
        if turn.role == role
        for person in search.starts.clinicians(turn, None)
    ]


def _some(names: list[str]) -> str:
    """A few names, and how many more."""
    if len(names) <= NAMES:
        return listed(names)
    return f"{', '.join(names[:NAMES])} and {len(names) - NAMES} more"
