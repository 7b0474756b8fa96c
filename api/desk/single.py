"""One visit: what the sheet asks for, which visits can be asked for, and how an answer reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from django.http import QueryDict

from api.desk import words
from api.desk.forms import as_day, as_id, as_time
from clinic.models import Patient, Room, Site, Staff
from scheduling import catalogue
from scheduling.models import ProtocolVersion, Series
from scheduling.models.series import GONE
from scheduling.planner.protocols import PRESCRIBER, THERAPIST, Step
from scheduling.planner.shape import shape_of
from scheduling.planner.single import Wish, stands_alone
from scheduling.selectors import Fit, Tried, series_view, try_visit
from scheduling.selectors.protocols import current_versions

FURTHEST = timedelta(days=540)


@dataclass(frozen=True, slots=True)
class Choice:
    """A visit to choose: `value` is "version.step". `first` and `last` bound one of a series."""

    value: str
    name: str
    hue: str
    minutes: int
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Visits of one protocol."""

    name: str
    choices: tuple[Choice, ...]


@dataclass
class Visit:
    """The form as it was typed, and what is wrong with it, field by field."""

    day: str
    at: str
    room: str = ""
    patient: str = ""
    step: str = ""
    clinician: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, data: QueryDict, site: Site, now: datetime) -> Visit:
        """From the form, or from the address of a link that opens it."""
        day, clock = soonest(site, now)
        asked = as_day(data.get("day", ""))
        if asked and asked > day:
            clock = time(9)
        visit = cls(
            day=data.get("day", "") or day.isoformat(),
            at=data.get("at", "") or f"{clock:%H:%M}",
            room=data.get("room", "")[:20],
            patient=data.get("patient", "")[:20],
            step=(data.get("other", "") or data.get("step", ""))[:80],
            clinician=data.get("clinician", "")[:20],
        )
        visit.errors = dict(visit._wrong(now.astimezone(site.zone).date()))
        return visit

    def _wrong(self, today: date) -> Iterator[tuple[str, str]]:
        day = as_day(self.day)
        if day is None:
            yield "day", "Give a date."
        elif day < today:
            yield "day", "This day is over."
        elif day - today > FURTHEST:
            yield "day", "Visits are booked up to 540 days ahead."
        if as_time(self.at) is None:
            yield "at", "Give a time such as 09:00."

    def starts_at(self, site: Site) -> datetime:
        """The form must be without errors."""
        day, clock = as_day(self.day), as_time(self.at)
        assert day is not None
        assert clock is not None
        return datetime.combine(day, clock.replace(second=0, microsecond=0), tzinfo=site.zone)

    @property
    def wish(self) -> Wish:
        return Wish(room=as_id(self.room) or None, clinician=as_id(self.clinician) or None)

    def chosen(self) -> tuple[ProtocolVersion, Step] | None:
        """The version and step asked for, if there is one of them."""
        number, _, key = self.step.partition(".")
        rows = ProtocolVersion.objects.select_related("protocol")
        version = rows.filter(pk=as_id(number)).first()
        if version is None:
            return None
        protocol = catalogue.protocol(version.definition, version=version.version, reaching=[key])
        step = next((step for step in protocol.steps if step.key == key), None)
        return (version, step) if step else None

    def tried(
        self, patient: Patient, site: Site, now: datetime, *, any_room: bool = False
    ) -> Tried | None:
        """How it stands with the visit as asked for; None while something is missing or wrong.

        With `any_room` at that time alone, and whichever room would do.
        """
        chosen = self.chosen()
        if self.errors or chosen is None:
            return None
        return try_visit(
            patient=patient,
            site=site,
            version=chosen[0],
            step=chosen[1].key,
            starts_at=self.starts_at(site),
            wish=replace(self.wish, room=None) if any_room else self.wish,
            limit=0 if any_room else 3,
            now=now,
        )


def soonest(site: Site, now: datetime) -> tuple[date, time]:
    """The next quarter of an hour, or whatever the site's grain is, by its clock."""
    grain = timedelta(minutes=site.start_grain_minutes)
    here = now.astimezone(site.zone)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    after = here.replace(tzinfo=None) - midnight.replace(tzinfo=None)
    upto = midnight.replace(tzinfo=None) + -(-after // grain) * grain
    return upto.date(), upto.time()


def missing_of(patient: Patient, site: Site) -> list[Group]:
    """The steps that the patient's running series at the site lack, with their windows."""
    rows = Series.objects.filter(patient=patient, site=site, status=Series.State.ACTIVE)
    groups = []
    for series in rows.select_related("protocol_version__protocol", "site"):
        version = series.protocol_version
        seen = series_view(series).steps
        reaching = [step.key for step in seen]
        protocol = catalogue.protocol(
            version.definition, version=version.version, reaching=reaching
        )
        lacking = [
            _choice(version, protocol.step(step.key), step.earliest, step.latest)
            for step in seen
            if step.visit is None and step.completed_on is None
        ]
        if lacking:
            groups.append(Group(version.name, tuple(lacking)))
    return groups


def alone() -> list[Group]:
    """What can be booked on its own: of steps that are alike the first, without its number."""
    groups = []
    for version in current_versions():
        protocol = catalogue.protocol(version.definition, version=version.version)
        seen: dict[object, Step] = {}
        for step in protocol.steps:
            if stands_alone(step, protocol):
                seen.setdefault((step.kind, step.phases), step)
        choices = [_choice(version, step) for step in seen.values()]
        if choices:
            groups.append(Group(version.name, tuple(choices)))
    return sorted(groups, key=lambda group: group.name)


def _choice(
    version: ProtocolVersion, step: Step, first: date | None = None, last: date | None = None
) -> Choice:
    name = step.name if first else step.name.rstrip("0123456789 ")
    return Choice(f"{version.pk}.{step.key}", name, words.hue(step.kind), step.minutes, first, last)


def clinicians_for(step: Step, site: Site) -> list[Staff]:
    """Who could be the clinician of a step; empty where there is no choice to make."""
    turns = [turn for turn in shape_of(step).turns if turn.role in (THERAPIST, PRESCRIBER)]
    able = [
        person
        for person in Staff.objects.filter(sites=site, active=True)
        if any(turn.role in person.roles and turn.skills <= set(person.skills) for turn in turns)
    ]
    return able if len(able) > 1 else []


def rooms_of(site: Site) -> list[Room]:
    return list(Room.objects.filter(site=site, active=True))


@dataclass(frozen=True, slots=True)
class Nearby:
    """Another time that fits: `day` and `at` as the form's fields take them."""

    day: str
    at: str
    label: str
    note: str
    any_room: bool = False


def nearby(tried: Tried, asked: datetime, elsewhere: Tried | None = None) -> list[Nearby]:
    """The nearest times as buttons: the same time in another room first, where that would do."""
    same = [_nearby(elsewhere.here, asked, any_room=True)] if elsewhere and elsewhere.fits else []
    return [*same, *(_nearby(fit, asked) for fit in tried.nearest)]


def _nearby(fit: Fit, asked: datetime, *, any_room: bool = False) -> Nearby:
    """The day is said where it is another one."""
    label = words.clock(fit.starts_at)
    if fit.starts_at.date() != asked.date():
        label = f"{words.day(fit.starts_at)} {label}"
    note = ", ".join(filter(None, [fit.room, *fit.people]))
    day = fit.starts_at.date().isoformat()
    return Nearby(day, words.clock(fit.starts_at), label, note, any_room)


def why_not(tried: Tried) -> list[str]:
    """The reasons against it, each once, the first few."""
    said: Mapping[str, None] = dict.fromkeys(refusal.message for refusal in tried.refusals)
    return list(said)[:3]


def only_away(tried: Tried) -> bool:
    """True when nothing of the clinic is against it, only the patient's own days away."""
    rules = {refusal.rule for refusal in tried.refusals}
    return rules == {"patient_is_away"}


def room_left(tried: Tried, visit: Visit, site: Site) -> str:
    """The room that was asked for, where the visit goes to another one."""
    asked = next((room for room in rooms_of(site) if str(room.pk) == visit.room), None)
    return asked.name if asked and asked.name not in tried.here.room.split(", ") else ""


@dataclass(frozen=True, slots=True)
class OfferedTime:
    """A time at which a missing step of a series can be: `value` is what its button sends."""

    value: str
    starts: datetime
    ends: datetime
    room: str
    people: str
    reasons: tuple[str, ...]


def offers_for(series: Series, step: str, now: datetime) -> tuple[list[OfferedTime], Tried]:
    """Up to three times for a missing step, nearest to where it was or best be; how it stands."""
    site = series.site
    seen = series_view(series)
    zone = site.zone
    lost = [view.starts_at for view in seen.others if view.appointment.step == step]
    standing = [view.starts_at for view in seen.visits if view.appointment.status not in GONE]
    missing = next(one for one in seen.steps if one.key == step)
    usual = next((view.time() for view in standing), time(9))
    if lost and lost[-1] > now:
        around = lost[-1]
    else:
        today = now.astimezone(zone).date()
        middle = missing.earliest + (missing.latest - missing.earliest) / 2
        around = datetime.combine(max(middle, today), usual, tzinfo=zone)
    tried = try_visit(
        patient=series.patient,
        site=site,
        version=series.protocol_version,
        step=step,
        starts_at=around,
        now=now,
        apart=60,
    )
    fits = [tried.here, *tried.nearest][:3] if tried.fits else list(tried.nearest)
    fits.sort(key=lambda fit: fit.starts_at)
    last = tried.window[1] if tried.window else missing.latest
    was = lost[-1] if lost else None
    return [_offer(fit, was, standing, last) for fit in fits], tried


def _offer(fit: Fit, was: datetime | None, standing: Sequence[datetime], last: date) -> OfferedTime:
    reasons = []
    starts = fit.starts_at
    if was and starts == was:
        reasons.append("where it was")
    elif was and starts.date() == was.date():
        reasons.append("on the same day as before")
    if standing and all(starts.time() == other.time() for other in standing):
        reasons.append("at the time of every other visit")
    if standing and {starts.weekday()} == {other.weekday() for other in standing}:
        reasons.append(f"on a {starts:%A}, as always")
    left = (last - starts.date()).days
    reasons.append(
        f"{words.count(left, 'day')} before its window closes" if left else "on its last day"
    )
    return OfferedTime(
        starts.isoformat(), starts, fit.ends_at, fit.room, ", ".join(fit.people), tuple(reasons)
    )
