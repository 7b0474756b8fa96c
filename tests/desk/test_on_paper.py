"""The itinerary as a PDF: the same bytes, neutral words, any name."""

import re
import zlib
from base64 import a85decode
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from api.desk.itinerary_pdf import Itinerary, Line, pdf_of
from clinic.lettering import spelled, width, wrapped
from clinic.models import Grant, Site, User
from scheduling.models import ProtocolVersion
from scheduling.services.booking import book_series
from tests.cast import DESK, MONDAY, NOW, at, house, kare_times, patient, protocol, token


def drawn(pdf: bytes) -> str:
    """What is set on the pages, by the codes of its fonts."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        data = stream.strip()
        try:
            data = (
                a85decode(data, adobe=False)
                if not data.endswith(b"~>")
                else a85decode(b"<~" + data, adobe=True)
            )
            found.append(zlib.decompress(data).decode("latin-1"))
        except (ValueError, zlib.error):
            continue
    return "".join(found)


def itinerary(count: int, country: str = "US", name: str = "Zoë Łukasz Žižková") -> Itinerary:
    where = Site(name="Juniper House", country=country, time_zone="Europe/Prague", phone="555")
    start = at(MONDAY, "09:00")
    lines = [
        Line(start + timedelta(days=n), start + timedelta(days=n, hours=2), f"Visit {n}", "")
        for n in range(count)
    ]
    return Itinerary(name, where, "Your visits", lines, ["Nothing to eat."], "Before")


def test_the_same_visits_give_the_same_bytes():
    assert pdf_of(itinerary(11)) == pdf_of(itinerary(11))
    assert pdf_of(itinerary(11)).startswith(b"%PDF-")


def test_paper_is_letter_where_printers_hold_it_and_a4_elsewhere():
    assert b"612 792" in pdf_of(itinerary(1))
    assert b"595.2756 841.8898" in pdf_of(itinerary(1, country="CZ"))


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (11, 1), (21, 2), (60, 3)])
def test_a_long_series_takes_the_pages_it_needs(count, pages):
    pdf = pdf_of(itinerary(count))
    assert len(re.findall(rb"/Type /Page\b[^s]", pdf)) == pages


def test_a_name_of_latin_letters_is_set_letter_by_letter():
    for name in ("Zoë Łukasz Žižková", "Řehoř Ďáblice", "Őze Şahin", "Ľuboš Ťažký", "Ąćęłńóśźż"):
        assert "?" not in [letter.base for letter in spelled(name)]
    [letter] = spelled("ř")
    assert (letter.base, letter.over) == ("r", ("ˇ",))
    [letter] = spelled("ť")
    assert (letter.base, letter.beside) == ("t", "’")
    assert [letter.base for letter in spelled("李\n\u202e☃")] == ["?", "?"]


def test_lines_are_no_wider_than_the_paper():
    for text in ("x" * 400, "many words " * 60, "", "Ž" * 200):
        assert all(width(line, 10) <= 300 for line in wrapped(text, 10, 300))


@pytest.mark.django_db(transaction=True)
def test_the_pdf_names_no_treatment_unless_it_is_asked_to():
    with time_machine.travel(NOW, tick=False):
        clinic, version = house(), protocol("aud-kare")
        pia = patient("Pia")
        series = book_series(token=token(pia, version, clinic, kare_times()), actor=DESK, now=NOW)
        user = User.objects.create(username="desk", email="desk@clinic.example")
        Grant.objects.create(user=user, role="front_desk")
        browser = Client()
        browser.force_login(user)
        plain = browser.get(f"/series/{series.pk}/visits.pdf")
        told = browser.get(f"/series/{series.pk}/visits.pdf?words=all")
    assert plain["Content-Type"] == "application/pdf"
    assert plain["Cache-Control"].startswith("no-store") or "no-store" in plain["Cache-Control"]
    assert ProtocolVersion.objects.get().name.encode() not in plain.content
    assert "Infusion" not in drawn(plain.content)
    assert b"Pia" not in plain.content
    assert "Infusion" in drawn(told.content)
