"""How a follow-up reads: what it is, how it stands, and by when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from api.desk import words
from api.desk.people import shown_name
from clinic.models import Site, User
from scheduling.models import FollowUp
from scheduling.selectors.follow_ups import stand_of

ICONS = {
    "visit": "calendar-check",
    "telephone": "phone",
    "questionnaire": "clipboard-list",
    "task": "check",
}
KINDS = {
    "visit": "Visits",
    "telephone": "Calls",
    "questionnaire": "Measures",
    "task": "Tasks",
}


@dataclass(frozen=True, slots=True)
class Look:
    """How a stand looks: word, tone, icon."""

    word: str
    tone: str
    icon: str


STANDS = {
    "overdue": Look("Overdue", "bad", "triangle-alert"),
    "open": Look("Due now", "warn", "clock"),
    "booked": Look("Booked", "good", "calendar-check"),
    "coming": Look("Coming", "", "hourglass"),
    "done": Look("Done", "good", "circle-check"),
    "dropped": Look("Dropped", "", "circle-x"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list."""

    follow_up: FollowUp
    name: str
    icon: str
    look: Look
    stand: str
    when: str
    window: str
    visit: datetime | None
    settled_on: date | None

    @property
    def is_due(self) -> bool:
        return self.follow_up.state == FollowUp.State.DUE

    @property
    def settled(self) -> bool:
        return self.stand in ("done", "dropped")


def row_of(follow_up: FollowUp, user: User, site: Site, today: date) -> Row:
    stand, visit, done = stand_of(follow_up, today), follow_up.appointment, follow_up.done_at
    return Row(
        follow_up=follow_up,
        name=shown_name(user, follow_up.patient, site),
        icon=ICONS[follow_up.kind],
        look=STANDS[stand],
        stand=stand,
        when=_when(follow_up, stand, today),
        window=_window(follow_up),
        visit=visit.starts_at.astimezone(site.zone) if visit else None,
        settled_on=done.astimezone(site.zone).date() if done else None,
    )


def _when(one: FollowUp, stand: str, today: date) -> str:
    """In words from today: `3 days late`, `12 days left`, `opens in 5 days`."""
    if stand == "overdue":
        return f"{words.count((today - one.closes_on).days, 'day')} late"
    if stand == "open":
        left = (one.closes_on - today).days
        return f"{words.count(left, 'day')} left" if left else "last day today"
    if stand == "coming":
        return f"opens in {words.count((one.opens_on - today).days, 'day')}"
    return ""


def _window(one: FollowUp) -> str:
    if one.opens_on == one.closes_on:
        return ""
    return f"{words.day(one.opens_on)} to {words.day(one.closes_on)}"
