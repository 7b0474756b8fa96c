"""What the cells of a file may hold: each field with its label, its reader and its usual heads."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from clinic.finding import fold
from clinic.services.facts import SLUG
from clinic.services.roster import ROLES

Order = Literal["mdy", "dmy", "ymd"]
NUMBERS = re.compile(r"(\d{1,4})[./ -](\d{1,2})[./ -](\d{1,4})")
WORDED = ("%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y")
YES, NO = {"yes", "y", "true", "1", "x"}, {"no", "n", "false", "0", "-"}
FORMULA = ("=", "+", "@", "\t")
ROLE_WORDS = {
    "nurse": "monitoring_nurse",
    "monitoring nurse": "monitoring_nurse",
    "registered nurse": "monitoring_nurse",
    "psychotherapist": "therapist",
    "physician": "prescriber",
    "doctor": "prescriber",
    "front desk": "front_desk",
    "billing": "biller",
    "admin": "administrator",
}


class Unreadable(Exception):
    """A cell does not hold what its field needs; the message says what it should hold."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How dates are written in a file when they are numbers: month first, day first, year first."""

    order: Order = "ymd"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a column can hold. `heads` are what such columns are usually called."""

    name: str
    label: str
    example: str
    read: Callable[[str, Reading], Any]
    required: bool = False
    heads: tuple[str, ...] = ()


def guess(heads: Sequence[str], fields: Sequence[Field]) -> list[str]:
    """The field that each heading most likely means, each used once; "" where none is."""
    known = {fold(word): one.name for one in fields for word in (one.name, one.label, *one.heads)}
    guessed: list[str] = []
    for head in heads:
        name = known.get(fold(head.replace("_", " ")), "") or known.get(fold(head), "")
        guessed.append(name if name not in guessed else "")
    return guessed


def order_of(cells: Sequence[str]) -> Order:
    """The order that the dates of a column are surely in; month first when nothing tells."""
    for cell in cells:
        if not (found := NUMBERS.fullmatch(cell.strip())):
            continue
        first, second = int(found[1]), int(found[2])
        if len(found[1]) == 4:
            return "ymd"
        if first > 12 >= second:
            return "dmy"
        if second > 12 >= first:
            return "mdy"
    return "mdy"


def _text(cell: str, reading: Reading, *, most: int) -> str:
    if len(cell) > most:
        raise Unreadable(f"It has {len(cell)} signs; {most} are the most.")
    if not cell.isprintable() and "\n" not in cell:
        raise Unreadable("It holds signs that cannot be seen. Type it again.")
    return cell


def _name(cell: str, reading: Reading) -> str:
    if cell.startswith(FORMULA):
        raise Unreadable(f"It begins with “{cell[0]}”, as a formula does. Give the name itself.")
    if not any(sign.isalpha() for sign in cell):
        raise Unreadable("A name has letters.")
    if "@" in cell:
        raise Unreadable("This is an e-mail address and no name. Is the column the right one?")
    return _text(cell, reading, most=100)


def _phone(cell: str, reading: Reading) -> str:
    digits = sum(sign.isdigit() for sign in cell)
    if digits == 0:
        raise Unreadable("A telephone number has digits. Put words into the notes.")
    if digits < 5:
        raise Unreadable("The telephone number is too short.")
    return _text(cell, reading, most=32)


def _email(cell: str, reading: Reading) -> str:
    try:
        validate_email(_text(cell, reading, most=254))
    except ValidationError:
        raise Unreadable("This is no e-mail address, such as name@mail.example.") from None
    return cell


def _date(cell: str, reading: Reading) -> date:
    if found := NUMBERS.fullmatch(cell):
        one, two, three = (int(part) for part in found.groups())
        if max(len(found[1]), len(found[3])) < 4:
            raise Unreadable("Write the year with four digits.")
        if len(found[1]) == 4:
            year, month, day = one, two, three
        elif reading.order == "dmy":
            day, month, year = one, two, three
        else:
            month, day, year = one, two, three
        if not 1 <= month <= 12:
            raise Unreadable(f"There is no month {month}. Are the dates written day first?")
        try:
            return date(year, month, day)
        except ValueError:
            raise Unreadable(f"There is no such day: {year}-{month:02}-{day:02}.") from None
    spoken = " ".join(cell.replace(",", " ").replace(".", " ").split())
    for notation in WORDED:
        try:
            return datetime.strptime(spoken, notation).date()  # noqa: DTZ007 - a calendar date
        except ValueError:
            continue
    raise Unreadable("This is no date. Write 1984-02-29 or 29 Feb 1984.")


def _number(cell: str, reading: Reading, *, least: int, most: int) -> int:
    try:
        value = int(cell)
    except ValueError:
        raise Unreadable(f"It should be a whole number from {least} to {most}.") from None
    if not least <= value <= most:
        raise Unreadable(f"It should be from {least} to {most}, and is {value}.")
    return value


def _flag(cell: str, reading: Reading) -> bool:
    word = cell.casefold()
    if word in YES or word in NO:
        return word in YES
    raise Unreadable("Write yes or no.")


def _list(cell: str) -> list[str]:
    return [word.strip() for word in re.split(r"[;,/|]", cell) if word.strip()]


def _roles(cell: str, reading: Reading) -> list[str]:
    roles = []
    for word in _list(cell):
        folded = fold(word.replace("_", " "))
        role = ROLE_WORDS.get(folded, folded.replace(" ", "_"))
        if role not in ROLES:
            raise Unreadable(f"“{word[:40]}” is no role. Roles: {', '.join(ROLES)}.")
        roles.append(role)
    return list(dict.fromkeys(roles))


def _slugs(cell: str, reading: Reading) -> list[str]:
    found = []
    for word in _list(cell):
        slug = word.casefold().replace(" ", "_")
        if not SLUG.fullmatch(slug):
            raise Unreadable(f"“{word[:40]}” is not a word of letters, digits, _ and -.")
        found.append(slug)
    return list(dict.fromkeys(found))


def _kind(cell: str, reading: Reading) -> str:
    [*slugs] = _slugs(cell, reading)
    if len(slugs) != 1:
        raise Unreadable("Give one kind of credential a row.")
    return slugs[0]


def _sites(cell: str, reading: Reading) -> list[str]:
    return [word.strip() for word in cell.split(";") if word.strip()]


_line = partial(_text, most=200)
PATIENTS: tuple[Field, ...] = (
    Field("given_name", "Given name", "Pia", _name, True, ("first name", "forename")),
    Field("family_name", "Family name", "Sample", _name, True, ("last name", "surname")),
    Field("birth_date", "Birth date", "1984-02-29", _date, True, ("dob", "date of birth", "born")),
    Field("mrn", "MRN", "A-1001", partial(_text, most=32), False, ("medical record number", "id")),
    Field("phone", "Phone", "(617) 555-0100", _phone, False, ("telephone", "mobile", "cell")),
    Field("email", "E-mail", "pia@mail.example", _email, False, ("email", "mail", "email address")),
    Field("acuity", "Acuity", "1", partial(_number, least=1, most=6)),
    Field("escort_name", "Escort", "Olga Sample", _line, False, ("escort name", "companion")),
    Field("escort_phone", "Escort’s telephone", "(617) 555-0101", _phone, False, ("escort phone",)),
    Field(
        "notes", "Notes", "Prefers Room 2", partial(_text, most=2000), False, ("note", "comment")
    ),
    Field("no_email", "No e-mail", "no", _flag, False, ("no email", "email opt out")),
    Field("no_text", "No text messages", "no", _flag, False, ("no text", "no sms", "sms opt out")),
    Field("no_call", "No calls", "no", _flag, False, ("no call", "do not call")),
)
STAFF: tuple[Field, ...] = (
    Field("given_name", "Given name", "Ines", _name, True, ("first name", "forename")),
    Field("family_name", "Family name", "Example", _name, True, ("last name", "surname")),
    Field("roles", "Roles", "nurse", _roles, True, ("role", "position", "job")),
    Field("title", "Title", "RN", partial(_text, most=100), False, ("job title",)),
    Field("email", "E-mail", "ines@clinic.example", _email, False, ("email", "mail")),
    Field("phone", "Phone", "(617) 555-0102", _phone, False, ("telephone", "mobile")),
    Field("skills", "Skills", "kap", _slugs, False, ("skill",)),
    Field("sites", "Sites", "", _sites, False, ("site", "location")),
    Field(
        "max_patients",
        "Patients at once",
        "4",
        partial(_number, least=1, most=20),
        False,
        ("max patients", "ratio"),
    ),
    Field(
        "credential_kind",
        "Credential",
        "nursing_licence",
        _kind,
        False,
        ("credential", "licence", "license", "certificate"),
    ),
    Field(
        "credential_number",
        "Its number",
        "RN-10023",
        partial(_text, most=64),
        False,
        ("credential number", "licence number", "license number"),
    ),
    Field(
        "credential_expires_on",
        "It expires on",
        "2028-06-30",
        _date,
        False,
        ("expires", "expires on", "expiry", "expiration date", "valid until"),
    ),
)
