"""Rows of staff against the colleagues that are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from clinic.finding import fold
from clinic.imports.fields import STAFF
from clinic.imports.outcome import Change, Found, Line, Outcome, Plan, lines
from clinic.imports.table import Table
from clinic.models import Site, Staff

CREDENTIAL = {
    "credential_kind": "kind",
    "credential_number": "number",
    "credential_expires_on": "expires_on",
}


def check(table: Table, plan: Plan, *, site: Site, sites: Iterable[Site], today: date) -> Outcome:
    """What the file would do to the staff; new people work at `site` unless a row says where.

    `sites` are those whose staff may be written: three queries, however many rows. A good row's
    values hold a `credential` when it tells of one that is new or runs longer.
    """
    mine = {fold(one.name): one for one in sites}
    people = list(Staff.objects.prefetch_related("sites", "credentials"))
    by_email: dict[str, list[Staff]] = defaultdict(list)
    by_name: dict[str, list[Staff]] = defaultdict(list)
    for person in people:
        by_email[person.email.casefold()].append(person)
        by_name[fold(person.name)].append(person)
    outcome = Outcome()
    rows: dict[object, int] = {}
    for line in lines(table, plan, STAFF):
        _check_credential(line, today)
        _check_sites(line, mine)
        found = None
        if not line.faults:
            found = _match(line, by_email, by_name, site, {one.pk for one in mine.values()})
        if found is not None:
            _check_twice(line, found, rows)
        outcome.faults += line.faults
        if found is not None and not line.faults:
            outcome.found.append(found)
    return outcome


def _check_credential(line: Line, today: date) -> None:
    if line.faults:
        return
    values = line.values
    expires = values.get("credential_expires_on")
    if "credential_kind" in values and expires is None:
        line.fault("credential_expires_on", "Say until when the credential is valid.")
    elif expires is not None and "credential_kind" not in values:
        line.fault("credential_kind", "Say which credential it is that expires.")
    elif "credential_number" in values and "credential_kind" not in values:
        line.fault("credential_kind", "Say which credential has this number.")
    elif expires is not None and expires < today:
        line.fault("credential_expires_on", "It has expired. Give the one that is valid now.")


def _check_sites(line: Line, mine: dict[str, Site]) -> None:
    places = []
    for name in line.values.get("sites", []):
        if (place := mine.get(fold(name))) is None:
            line.fault("sites", f"“{name[:60]}” is no site whose staff you write.")
        else:
            places.append(place)
    if places:
        line.values["sites"] = places


def _match(
    line: Line,
    by_email: dict[str, list[Staff]],
    by_name: dict[str, list[Staff]],
    site: Site,
    mine: set[int],
) -> Found | None:
    """The row as something to do, or None with its fault told."""
    values = dict(line.values)
    email = values.get("email", "").casefold()
    alike = by_email.get(email, []) if email else []
    by = "email" if alike else "family_name"
    alike = alike or by_name.get(fold(f"{values['given_name']} {values['family_name']}"), [])
    if email:
        alike = [person for person in alike if person.email.casefold() in ("", email)]
    if len(alike) > 1:
        line.fault(by, "Two colleagues are called this. Give the e-mail that is kept of one.")
        return None
    told = {CREDENTIAL[name]: values.pop(name) for name in CREDENTIAL if name in values}
    if not alike:
        values.setdefault("sites", [site])
        return Found(line.row, Change.NEW, values | ({"credential": told} if told else {}))
    [person] = alike
    if not {one.pk for one in person.sites.all()} & mine:
        line.fault(by, "Somebody of this name or e-mail works at a site that is not yours.")
        return None
    differing = _differing(person, values)
    if told and not _has(person, told):
        differing["credential"] = told
    change = Change.CHANGED if differing else Change.UNCHANGED
    return Found(line.row, change, differing, person.pk)


def _differing(person: Staff, values: dict[str, Any]) -> dict[str, Any]:
    """What the row says otherwise than is kept; lists are told whole, an empty cell not at all."""
    differing = {}
    for name, value in values.items():
        if name == "sites":
            theirs = list(person.sites.all())
            if more := [one for one in value if one not in theirs]:
                differing[name] = [*theirs, *more]
        elif _sorted(value) != _sorted(getattr(person, name)):
            differing[name] = value
    return differing


def _sorted(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


def _has(person: Staff, told: dict[str, Any]) -> bool:
    return any(
        held.kind == told["kind"]
        and held.expires_on >= told["expires_on"]
        and told.get("number", held.number) == held.number
        for held in person.credentials.all()
    )


def _check_twice(line: Line, found: Found, rows: dict[object, int]) -> None:
    name = fold(f"{line.values['given_name']} {line.values['family_name']}")
    keys = [("mail", line.values["email"].casefold())] if "email" in line.values else [name]
    for key in [*keys, *([found.known] if found.known else [])]:
        row = rows.setdefault(key, line.row)
        if row != line.row:
            line.fault(
                "email" if "email" in line.values else "family_name",
                f"Row {row} is about the same person.",
            )
            return
