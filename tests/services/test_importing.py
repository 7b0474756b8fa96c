"""Patients and staff from a file: every row or none, each fault by row and column, never twice."""

import csv
import io
from datetime import date, timedelta

import pytest

from clinic.imports.outcome import Change
from clinic.imports.table import NotATable, decode, read
from clinic.models import Credential, Grant, ImportDraft, Journal, Patient, Staff, User
from clinic.services.importing import (
    ImportRefused,
    check_patients,
    forget_old_imports,
    import_patients,
    map_columns,
    replace_file,
    start_import,
)
from scheduling.errors import WouldBreakVisits
from scheduling.services.booking import book_series
from scheduling.services.importing import check_staff, import_staff
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, site, staff, token

pytestmark = pytest.mark.django_db(transaction=True)

HEADS = [
    *("Given name", "Last name", "DOB", "MRN", "Mobile", "Email", "Acuity", "Escort"),
    *("Escort phone", "Notes", "No email", "No text", "No call"),
]
GOOD = {
    "Given name": "Nora",
    "Last name": "Newcomb",
    "DOB": "1990-05-17",
    "MRN": "",
    "Mobile": "(617) 555-0123",
}


def sheet(*rows: dict[str, str], heads: list[str] = HEADS) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, heads, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def row(**cells: str) -> dict[str, str]:
    """A good row with other cells: row(DOB="tomorrow")."""
    return GOOD | {name.replace("_", " "): cell for name, cell in cells.items()}


@pytest.fixture
def here():
    return site()


@pytest.fixture
def dora(here):
    user = User.objects.create(username="dora", email="dora@clinic.example")
    Grant.objects.create(user=user, role="front_desk", site=here)
    return user


@pytest.fixture
def bring(here, dora):
    """A file, brought in as far as the look at it."""

    def brought(text: str, kind: str = "patients") -> ImportDraft:
        return start_import(
            kind=kind, site=here, user=dora, text=text, file_name="list.csv", now=NOW
        )

    return brought


def look(draft: ImportDraft, among=None):
    if draft.kind == "staff":
        today = NOW.date()
        return check_staff(draft, read(draft.text), sites=[draft.site], today=today)
    among = Patient.objects.all() if among is None else among
    homes = [draft.site_id]
    return check_patients(draft, read(draft.text), among=among, homes=homes, now=NOW)


def run(draft: ImportDraft):
    if draft.kind == "staff":
        return import_staff(draft=draft.pk, sites=[draft.site], actor=DESK, now=NOW)
    return import_patients(
        draft=draft.pk,
        among=Patient.objects.all(),
        homes=[draft.site_id],
        actor=DESK,
        now=NOW,
    )


PATIENT_FAULTS = {
    "no given name": ({"Given name": ""}, "Given name", "missing"),
    "no family name": ({"Last name": " "}, "Last name", "missing"),
    "no birth date": ({"DOB": ""}, "DOB", "missing"),
    "a given name too long": ({"Given name": "N" * 101}, "Given name", "101 signs"),
    "a family name too long": ({"Last name": "N" * 101}, "Last name", "101 signs"),
    "a name that is a formula": ({"Given name": "=HYPERLINK(1)"}, "Given name", "formula"),
    "a name without letters": ({"Last name": "12345"}, "Last name", "letters"),
    "an address for a name": ({"Given name": "n@mail.example"}, "Given name", "e-mail"),
    "an unseen sign in a name": ({"Last name": "New\u0007comb"}, "Last name", "cannot be seen"),
    "words for a birth date": ({"DOB": "unknown"}, "DOB", "no date"),
    "a day that is not": ({"DOB": "1990-02-30"}, "DOB", "no such day"),
    "a month that is not": ({"DOB": "1990-13-01"}, "DOB", "no month 13"),
    "a year of two digits": ({"DOB": "05/17/90"}, "DOB", "four digits"),
    "a birth to come": ({"DOB": "2027-01-01"}, "DOB", "in the future"),
    "a birth long ago": ({"DOB": "1890-01-01"}, "DOB", "120 years"),
    "an MRN too long": ({"MRN": "A" * 33}, "MRN", "33 signs"),
    "another's MRN": ({"MRN": "T-PIA"}, "MRN", "another family name"),
    "an MRN one may not see": ({"MRN": "T-HIDDEN"}, "MRN", "Another patient"),
    "a telephone of words": ({"Mobile": "ask her son"}, "Mobile", "digits"),
    "a telephone too short": ({"Mobile": "0123"}, "Mobile", "too short"),
    "a telephone too long": ({"Mobile": "5" * 33}, "Mobile", "33 signs"),
    "no e-mail address": ({"Email": "nora at home"}, "Email", "no e-mail"),
    "an e-mail too long": ({"Email": f"{'n' * 250}@mail.example"}, "Email", "signs"),
    "an acuity in words": ({"Acuity": "high"}, "Acuity", "whole number"),
    "an acuity out of reach": ({"Acuity": "7"}, "Acuity", "from 1 to 6"),
    "an escort too long": ({"Escort": "O" * 201}, "Escort", "201 signs"),
    "an escort without number": ({"Escort phone": "none"}, "Escort phone", "digits"),
    "notes too long": ({"Notes": "n" * 2001}, "Notes", "2001 signs"),
    "no yes for e-mail": ({"No email": "perhaps"}, "No email", "yes or no"),
    "no yes for texts": ({"No text": "2"}, "No text", "yes or no"),
    "no yes for calls": ({"No call": "?"}, "No call", "yes or no"),
    "two who are called so": (
        {"Given name": "Tom", "Last name": "Sample", "DOB": "1980-02-29"},
        "Last name",
        "Two patients",
    ),
    "an acuity of a known patient": (
        {"Given name": "Pia", "Last name": "Sample", "DOB": "1980-02-29", "Acuity": "4"},
        "Acuity",
        "patient’s page",
    ),
}
STAFF_HEADS = [
    *("First name", "Last name", "Role", "Email", "Skills", "Sites", "Ratio"),
    *("Licence", "Licence number", "Expires"),
]
STAFF_GOOD = {"First name": "Nina", "Last name": "Night", "Role": "nurse"}
STAFF_FAULTS = {
    "no role": ({"Role": ""}, "Role", "missing"),
    "an unknown role": ({"Role": "wizard"}, "Role", "no role"),
    "a skill that is no word": ({"Skills": "k@p"}, "Skills", "not a word"),
    "an unknown site": ({"Sites": "Atlantis"}, "Sites", "no site"),
    "a ratio in words": ({"Ratio": "many"}, "Ratio", "whole number"),
    "a ratio of none": ({"Ratio": "0"}, "Ratio", "from 1 to 20"),
    "a licence without end": ({"Licence": "nursing_licence"}, "Expires", "until when"),
    "an end without licence": ({"Expires": "2028-01-01"}, "Licence", "which credential"),
    "a number without licence": ({"Licence number": "7"}, "Licence", "which credential"),
    "an expired licence": (
        {"Licence": "acls", "Expires": "2020-01-01"},
        "Expires",
        "has expired",
    ),
    "two licences in a cell": (
        {"Licence": "acls; bls", "Expires": "2028-01-01"},
        "Licence",
        "one kind",
    ),
    "two colleagues of a name": ({"First name": "Sam", "Last name": "Example"}, "Last name", "Two"),
    "somebody of another site": (
        {"First name": "Away", "Last name": "Example"},
        "Last name",
        "not yours",
    ),
}


def test_the_kinds_of_fault_are_more_than_forty():
    assert len(PATIENT_FAULTS) + len(STAFF_FAULTS) > 40


def test_every_fault_among_5000_rows_is_named_by_row_and_column(bring, here):
    patient("Pia", mrn="T-PIA")
    patient("Tom", mrn="T-1")
    patient("Tom", mrn="T-2")
    hidden = patient("Hidden", mrn="T-HIDDEN")
    rows = [row(**{"Given name": f"Nora {letters(n)}"}) for n in range(5000)]
    expected = {}
    for n, (cells, column, words) in enumerate(PATIENT_FAULTS.values()):
        rows[n * 100] = rows[n * 100] | cells
        expected[n * 100 + 2] = (column, words)
    outcome = look(bring(sheet(*rows)), Patient.objects.exclude(pk=hidden.pk))
    told = {fault.row: (fault.column, fault.message) for fault in outcome.faults}
    assert told.keys() == expected.keys()
    for at, (column, words) in expected.items():
        assert told[at][0] == column
        assert words in told[at][1]
    assert outcome.count(Change.NEW) == 5000 - len(expected)


def letters(number: int) -> str:
    return "".join(chr(97 + int(digit)) for digit in str(number))


@pytest.mark.parametrize("fault", STAFF_FAULTS.values(), ids=STAFF_FAULTS)
def test_a_fault_in_a_row_of_staff_is_named(fault, bring, here):
    cells, column, words = fault
    staff("Sam", here, roles=["therapist"])
    staff("Sam", here, roles=["therapist"])
    staff("Away", site("Birch House"), roles=["therapist"])
    outcome = look(bring(sheet(STAFF_GOOD | cells, heads=STAFF_HEADS), "staff"))
    [found] = outcome.faults
    assert (found.row, found.column) == (2, column)
    assert words in found.message


def test_a_repaired_file_imported_again_makes_no_duplicates(bring):
    good = [row(**{"Given name": f"Nora {letters(n)}"}) for n in range(300)]
    broken = [*good[:150], good[150] | {"DOB": "soon"}, *good[151:]]
    draft = bring(sheet(*broken))
    with pytest.raises(ImportRefused):
        run(draft)
    assert Patient.objects.count() == 0
    run(replace_file(draft=draft.pk, text=sheet(*good), file_name="again.csv", now=NOW))
    assert Patient.objects.count() == 300
    assert not ImportDraft.objects.exists()
    again = run(bring(sheet(*good)))
    assert again.count(Change.UNCHANGED) == 300
    assert Patient.objects.count() == 300


def test_an_imported_patient_is_as_one_typed_in(bring, here):
    run(bring(sheet(row(MRN="A-7", Acuity="4", Notes="Brings a dog", **{"No call": "yes"}))))
    made = Patient.objects.get(mrn="A-7")
    assert (made.given_name, made.birth_date) == ("Nora", date(1990, 5, 17))
    assert (made.phone, made.acuity, made.no_call) == ("+16175550123", 4, True)
    assert made.home_site == here
    assert made.search_key == " nora newcomb a 7 a7"
    entry = Journal.objects.get(action="patient.added")
    assert (entry.subject, entry.actor) == (f"patient:{made.pk}", DESK.name)
    assert entry.after["mrn"] == "A-7"


def test_a_known_patient_is_corrected_and_an_empty_cell_says_nothing(bring):
    run(bring(sheet(row(Notes="Prefers Room 2"))))
    outcome = run(bring(sheet(row(Mobile="617-555-0199", Notes=""))))
    assert outcome.count(Change.CHANGED) == 1
    [nora] = Patient.objects.all()
    assert (nora.phone, nora.notes) == ("+16175550199", "Prefers Room 2")
    assert Journal.objects.filter(action="patient.corrected").count() == 1


def test_two_rows_about_one_person_are_told(bring):
    draft = bring(sheet(row(), row(Mobile="617 555 0188"), row(MRN="A-1"), row(MRN="A-1")))
    faults = {fault.row: fault.message for fault in look(draft).faults}
    assert faults == {
        3: "Row 2 is about the same person.",
        5: "Row 4 is about the same person.",
    }


def test_a_row_with_a_cell_too_many_is_told(bring):
    draft = bring(f"{','.join(HEADS[:3])}\nNora,Newcomb,1990-05-17,Boston")
    [fault] = look(draft).faults
    assert (fault.row, fault.column) == (2, "")
    assert "4 cells and the heading 3" in fault.message


def test_dates_are_read_in_the_order_that_the_file_shows(bring):
    rows = [row(DOB="03/04/1980"), row(DOB="25/12/1980", **{"Given name": "Nils"})]
    draft = bring(sheet(*rows))
    assert draft.mapping["order"] == "dmy"
    born = {found.row: found.values["birth_date"] for found in look(draft).found}
    assert born[2] == date(1980, 4, 3)
    turned = map_columns(draft=draft.pk, columns=draft.mapping["columns"], order="mdy")
    assert [fault.row for fault in look(turned).faults] == [3]


def test_a_column_left_out_or_needed_is_told(bring):
    draft = bring("name of pet,first name\nRex,Nora")
    assert draft.mapping["columns"] == ["", "given_name"]
    with pytest.raises(ImportRefused):
        run(draft)
    assert Patient.objects.count() == 0


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b"first name,last name\n", "no row"),
        (b"PK\x03\x04 and so on", "workbook"),
        (b"first\x00name\nNora", "signs that no text has"),
        (b"mrn,MRN\n1,2", "Two columns"),
        (b"\n\n,,\nNora,x,y", "empty|heading"),
        (b"a" * 5_000_001, "larger than 5 MB"),
    ],
)
def test_what_is_no_table_is_told(raw, words):
    with pytest.raises(NotATable, match=words):
        read(decode(raw))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_names_survive_the_ways_that_files_are_written(encoding):
    text = "first name;last name\nZoë;O’Brien\n"
    table = read(decode(text.encode(encoding)))
    assert table.rows[0].cells == ("Zoë", "O’Brien")
    assert table.rows[0].number == 2


def test_staff_come_with_roles_sites_and_credentials_and_only_once(bring, here):
    told = STAFF_GOOD | {
        "Role": "Nurse; therapist",
        "Skills": "KAP",
        "Email": "nina@clinic.example",
        "Licence": "nursing_licence",
        "Licence number": "RN-1",
        "Expires": "2028-06-30",
    }
    run(bring(sheet(told, heads=STAFF_HEADS), "staff"))
    run(bring(sheet(told, heads=STAFF_HEADS), "staff"))
    nina = Staff.objects.get()
    assert (nina.roles, nina.skills) == (["monitoring_nurse", "therapist"], ["kap"])
    assert list(nina.sites.all()) == [here]
    renewed = told | {"Expires": "2030-06-30"}
    outcome = run(bring(sheet(renewed, heads=STAFF_HEADS), "staff"))
    assert outcome.count(Change.CHANGED) == 1
    assert Credential.objects.get().expires_on == date(2030, 6, 30)


def test_a_file_does_not_take_a_role_that_booked_visits_need(dora):
    where = house(name="Maple House")
    Staff.objects.filter(given_name="Theo").delete()
    pia, version = patient("Pia"), protocol()
    book_series(token=token(pia, version, where, kare_times()), actor=DESK, now=NOW)
    text = sheet({"First name": "Ana", "Last name": "Example", "Role": "nurse"}, heads=STAFF_HEADS)
    draft = start_import(kind="staff", site=where, user=dora, text=text, file_name="", now=NOW)
    with pytest.raises(WouldBreakVisits):
        run(draft)
    assert Staff.objects.get(given_name="Ana").roles == ["therapist"]


def test_a_file_is_forgotten_after_a_day(bring):
    bring(sheet(row()))
    assert forget_old_imports(now=NOW + timedelta(hours=23)) == 0
    assert forget_old_imports(now=NOW + timedelta(hours=25)) == 1
