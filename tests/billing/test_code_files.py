"""The code table is edited by a clinic: what is wrong in it is said with the file and the line."""

from __future__ import annotations

from datetime import date

import pytest

from billing.coding import propose, read, starters
from billing.coding.reading import FOLDER
from scheduling.catalogue import InvalidCatalogue
from tests.billing.cast import infused

TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.yaml")}


def said(file: str, old: str, new: str) -> str:
    """What the reader says of a file with a mistake in it."""
    assert old in TEXTS[file]
    with pytest.raises(InvalidCatalogue) as found:
        read({**TEXTS, file: TEXTS[file].replace(old, new, 1)})
    return str(found.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("procedures", 'code: "96365"', "code: 96365", "Write a text here, in quotes"),
        ("procedures", 'code: "96365"', 'code: "9636"', "a code in quotes"),
        ("procedures", "use: infusion,", "use: infusing,", "Write one of infusion"),
        ("procedures", "2009-01-01", "2009-02-30", "a date of the calendar"),
        ("procedures", "minutes: [16, 90]", "minutes: [90, 16]", "the least minutes first"),
        ("procedures", "minutes: [16, 90]", "minutes: [null, 90]", "the least minutes first"),
        ("procedures", "minutes: [38, 52]", "minutes: [37, 52]", "same minutes"),
        ("procedures", ", minutes: [16, 90]", "", "this use goes by time"),
        ("procedures", ", each: 15", "", "write each and past"),
        ("procedures", 'code: "90834"', 'code: "90832"', "valid twice"),
        ("procedures", "what:", "wat:", "did you mean “what”?"),
        ("procedures", "sources: [infusion-time, ", "sources: [gossip, ", "no source “gossip”"),
        ("payers", "esketamine: ask", "esketamine: maybe", "Write one of included, split, ask"),
        ("payers", "code: J0013", "code: J0099", "J0099 is not in procedures.yaml"),
        ("payers", "payer: medicare", "payer: commercial", "here twice"),
        ("places", "place: office", "place: telehealth_home", "write all three"),
        ("modifiers", '"25"', '"2"', "two digits or capitals"),
        ("sources", "- key: clinic", "- name: clinic", "needs “key”"),
    ],
)
def test_a_mistake_is_told_with_its_file(file: str, old: str, new: str, words: str):
    message = said(file, old, new)
    assert words in message
    assert f"{file}.yaml" in message or "procedures.yaml" in message


def test_a_missing_file_is_named():
    with pytest.raises(InvalidCatalogue, match=r"places\.yaml"):
        read({**TEXTS, "places": ""})


def test_a_code_is_replaced_by_ending_it():
    ended = TEXTS["procedures"].replace(
        "valid_from: 2009-01-01, minutes: [16, 90]",
        "valid_from: 2009-01-01, valid_to: 2026-12-31, minutes: [16, 90]",
    )
    added = '- {code: "96395", use: infusion, what: Invented, valid_from: 2027-01-01, '
    added += "minutes: [16, 90], sources: [infusion-time]}\n"
    rules = read({**TEXTS, "procedures": ended + added})
    by_year = {
        year: propose(infused(40, on=date(year, 1, 4)), rules).lines[0].code
        for year in (2026, 2027)
    }
    assert by_year == {2026: "96365", 2027: "96395"}


def test_a_code_that_nobody_has_is_asked_for():
    proposed = propose(infused(40, on=date(1999, 1, 4), own_drug=False), starters())
    assert [line.code for line in proposed.lines] == []
    assert proposed.stopped
    assert "add it to the code table" in proposed.flags[0].text


def test_every_rule_has_a_source_and_every_source_a_rule():
    rules = starters()
    entries = [*rules.codes, *rules.modifiers, *rules.included, *rules.payers.values()]
    cited = {key for entry in [*entries, *rules.places.values()] for key in entry.sources}
    assert cited == set(rules.sources)
