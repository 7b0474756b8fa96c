"""What the command palette offers for what is typed: days, patients, people, pages, actions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils import timezone

from api.desk import words
from api.desk.days_meant import days_meant
from api.desk.frame import Asked, Frame, actor
from api.desk.people import shown_names
from api.desk.recent import recent_patients
from api.permissions import may, sites_for, staff_id, visible_patients
from clinic.finding import find_patients, fold
from clinic.models import Patient, Site, Staff
from scheduling.services.undoing import newest_undoable

PATIENTS = 6
PEOPLE = 5


@dataclass(frozen=True, slots=True)
class Option:
    """A line of the palette: a link, or (`does`) what the page itself does."""

    label: str
    icon: str
    url: str = ""
    about: str = ""
    keys: str = ""
    does: str = ""
    initials: str = ""
    also: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Options under one heading."""

    title: str
    options: list[Option]


def groups(request: Asked, frame: Frame, q: str) -> list[Group]:
    """What fits `q`, the likeliest first; without it, what one had last and may do now."""
    doing = _actions(request, frame)
    going = _pages(request, frame)
    if not q:
        found = [
            Group("Undo", _undo(request)),
            Group("Recent patients", [_patient(*one) for one in recent_patients(request)]),
            Group("Do", doing),
            Group("Go to", going),
        ]
    else:
        found = [
            Group("Days", _days(request, frame, q)),
            Group("Patients", _patients(request, q)),
            Group("Do", _fitting(doing, q)),
            Group("Go to", _fitting(going, q)),
            Group("People", _people(request, frame, q)),
        ]
    return [group for group in found if group.options]


def _undo(request: Asked) -> list[Option]:
    last = request.session.get("undo")
    if not last:
        return []
    entry = newest_undoable(last["subject"], actor=actor(request), now=timezone.now())
    if entry is None:
        return []
    does = f"undo:{entry.pk}"
    return [Option("Undo the last action", "undo-2", about=last["text"], does=does)]


def _days(request: Asked, frame: Frame, q: str) -> list[Option]:
    site = frame.site
    if site is None or not _sees_days(request, site):
        return []
    return [_day(site, day, frame.today) for day in days_meant(q, frame.today)]


def _sees_days(request: Asked, site: Site) -> bool:
    return may(request.user, "see_day", site) or may(request.user, "see_own_day", site)


def _day(site: Site, day: date, today: date) -> Option:
    url = reverse("desk:day", args=[site.pk, day])
    label = words.day(day) if day.year == today.year else words.day_and_year(day)
    return Option(label, "calendar", url, words.distance((day - today).days).capitalize())


def _patients(request: Asked, q: str) -> list[Option]:
    user = request.user
    if not (may(user, "see_patients") or may(user, "see_own_patients")):
        return []
    found = find_patients(q, visible_patients(user, Patient.objects.all()))[:PATIENTS]
    names = shown_names(user, list(found))
    return [_patient(one, names[one.pk]) for one in found]


def _patient(patient: Patient, name: str) -> Option:
    return Option(
        name,
        "user",
        reverse("desk:patient", args=[patient.pk]),
        f"{words.born(patient.birth_date)} · MRN {patient.mrn}",
        initials=patient.initials,
    )


def _people(request: Asked, frame: Frame, q: str) -> list[Option]:
    """Members of staff, each with the page of theirs that one may open."""
    user, said = request.user, fold(q).split()
    sites, managed = sites_for(user, "see_staff"), sites_for(user, "manage_staff")
    if not sites or not said:
        return []
    rows = Staff.objects.filter(sites.q("sites"), active=True).prefetch_related("sites")
    found = []
    for person in rows.distinct():
        if not _begins(said, fold(f"{person.name} {person.title}")):
            continue
        mine = any(site in managed for site in person.sites.all())
        if page := _page_of(request, frame, person, mine):
            label, url = page
            roles = ", ".join(map(words.phase, person.roles))
            about = " · ".join(filter(None, [person.title or roles, label]))
            found.append(Option(person.name, "stethoscope", url, about))
    return found[:PEOPLE]


def _page_of(request: Asked, frame: Frame, person: Staff, managed: bool) -> tuple[str, str] | None:
    """(what it shows, address): their hours, one's own week, or the day by person."""
    if managed:
        return "Hours", reverse("desk:staff-hours", args=[person.pk])
    if person.pk == staff_id(request.user):
        return "My week", reverse("desk:week")
    if frame.site and may(request.user, "see_day", frame.site):
        by = "nurses" if "monitoring_nurse" in person.roles else "clinicians"
        url = reverse("desk:day", args=[frame.site.pk, frame.today])
        return f"Today by {by.removesuffix('s')}", f"{url}?by={by}"
    return None


def _pages(request: Asked, frame: Frame) -> list[Option]:
    """Everything of the rail, the tabs of Set-up, and one's own account."""
    user, site = request.user, frame.site
    found = [
        Option(place.label, place.icon, place.url, keys=place.keys)
        for place in frame.rail
        if place.name not in ("manage", "book")
    ]
    if site and _sees_days(request, site):
        week = reverse("desk:site-week", args=[site.pk, frame.today])
        month = reverse("desk:site-month", args=[site.pk, frame.today])
        found += [Option("Week board", "calendar-days", week), Option("Month", "calendar", month)]
    found += [Option(tab.label, "settings", tab.url, "Set-up", also="set-up") for tab in frame.tabs]
    found += [
        Option("Change password", "lock", reverse("account_change_password"), "Account"),
        Option("Two-step sign-in", "shield-check", reverse("mfa_index"), "Account"),
    ]
    if may(user, "manage_setup"):
        found.append(Option("Style page", "eye", reverse("desk:style"), "For maintainers"))
    others = (one for one in frame.sites if site and one.pk != site.pk)
    found += [
        Option(one.name, "map-pin", reverse("desk:switch", args=[one.pk]), "Site") for one in others
    ]
    return found


def _actions(request: Asked, frame: Frame) -> list[Option]:
    user, site = request.user, frame.site
    found = []
    if frame.may_add:
        found.append(Option("New patient", "user-plus", keys="n", does="new-patient", also="add"))
    if site and frame.may_book:
        url = reverse("desk:book", args=[site.pk])
        found.append(Option("Book a series", "calendar-plus", url, keys="b"))
    if site and may(user, "book_visit", site):
        url = reverse("desk:book-visit", args=[site.pk])
        found.append(Option("Book one visit", "calendar-plus", url, also="single"))
    if site and may(user, "see_day", site):
        url = reverse("desk:free", args=[site.pk])
        found.append(Option("Find a free time", "search", url, also="capacity"))
    if site and may(user, "block_time", site):
        url = reverse("desk:block", args=[site.pk])
        about = "Out of service, or away for some hours"
        found.append(Option("Block a room or a person", "ban", url, about, also="close"))
    found.append(Option("Shortcuts", "keyboard", keys="?", does="shortcuts", also="help keys"))
    return found


def _fitting(options: Iterable[Option], q: str) -> list[Option]:
    said = fold(q).split()
    fits = [one for one in options if said and _begins(said, fold(f"{one.label} {one.also}"))]
    return sorted(fits, key=lambda one: not fold(one.label).startswith(said[0]))


def _begins(said: list[str], text: str) -> bool:
    """Whether every word that was typed begins a word of the text."""
    return all(any(word.startswith(start) for word in text.split()) for start in said)
