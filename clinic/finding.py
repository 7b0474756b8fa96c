"""Find a patient by whatever the caller says: parts of names, birth date, telephone, MRN."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from datetime import date, datetime
from difflib import SequenceMatcher

from django.db.models import Q, QuerySet

from clinic.models import Patient

# Letters that Unicode does not take apart into a plain one and an accent.
PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"})
APOSTROPHES = re.compile("['’ʼ`´]")
DATE_LIKE = re.compile(
    r"\b(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{4}"
    r"|\d{1,2}\.? [a-z]{3,9},? \d{4}|[a-z]{3,9} \d{1,2},? \d{4})\b",
    re.IGNORECASE,
)
# Day first and month first are both tried: callers say either.
NOTATIONS = ("%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y")
PHONE_LIKE = re.compile(r"[\d\s()+./-]+")
FEWEST_PHONE_DIGITS = 4
ALIKE = 0.8


def fold(text: str) -> str:
    """Lower case without accents or apostrophes, words of letters and digits, one space apart."""
    plain = unicodedata.normalize("NFKD", APOSTROPHES.sub("", text).casefold().translate(PLAIN))
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(re.findall(r"\w+", letters))


def search_key(*, given_name: str, family_name: str, mrn: str) -> str:
    """What Patient.search_key holds: a space before each word, so that prefixes can be found."""
    number = fold(mrn)
    words = [fold(given_name), fold(family_name), number, number.replace(" ", "")]
    return f" {' '.join(dict.fromkeys(words))}"[:300]


def dates_meant(text: str) -> set[date]:
    """Every date that one notation of it can mean: 03/04/1980 is two."""
    spoken = re.sub(r"[.,]? +", " ", text.strip()).replace(",", " ")
    if re.fullmatch(r"\d{1,2}[./-]\d{1,2}[./-]\d{4}", spoken):
        spoken = re.sub(r"[.-]", "/", spoken)
    meant = set()
    for notation in NOTATIONS:
        with suppress(ValueError):
            meant.add(datetime.strptime(spoken, notation).date())  # noqa: DTZ007 - a birth date
    return meant


def find_patients(q: str, among: QuerySet[Patient]) -> QuerySet[Patient]:
    """Those of `among` that fit every part of `q`, by name; none when `q` says nothing."""
    born, rest = None, q
    if (said := DATE_LIKE.search(q)) and (meant := dates_meant(said[0])):
        born = Q(birth_date__in=meant)
        rest = q[: said.start()] + q[said.end() :]
    words = fold(rest).split()
    if not words and born is None:
        return among.none()
    named = Q()
    for word in words:
        named &= Q(search_key__contains=f" {word}")
    if PHONE_LIKE.fullmatch(rest):
        digits = re.sub(r"\D", "", rest)
        for number in {digits, digits.lstrip("0")}:  # a national 0 is not in E.164
            if len(number) >= FEWEST_PHONE_DIGITS:
                named |= Q(phone__contains=number)
    return among.filter(named, born or Q()).order_by("family_name", "given_name", "pk")


def likely_duplicates(patient: Patient, among: QuerySet[Patient]) -> list[Patient]:
    """Others of `among` with the same birth date and a similar name, or the same telephone."""
    same = Q(birth_date=patient.birth_date)
    if patient.phone:
        same |= Q(phone=patient.phone)
    others = among.filter(same).exclude(pk=patient.pk)
    return [other for other in others if _alike(patient, other)]


def _alike(patient: Patient, other: Patient) -> bool:
    if patient.phone and other.phone == patient.phone:
        return True
    given, family = fold(patient.given_name), fold(patient.family_name)
    one, two = fold(other.given_name), fold(other.family_name)
    return (
        given == one
        or family == two
        or _close(f"{given} {family}", f"{one} {two}")
        or _close(f"{given} {family}", f"{two} {one}")
    )


def _close(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other).ratio() >= ALIKE
