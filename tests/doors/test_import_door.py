"""The pages that bring in a file: what is wrong is said, and nothing is lost or half saved."""

from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from clinic.models import Grant, ImportDraft, Patient, Staff, User
from scheduling.models import Appointment
from tests.cast import NOW, patient, protocol, site

pytestmark = pytest.mark.django_db

LIST = "Given name,Family name,Birth date,Phone\nNora,Newcomb,1990-05-17,617 555 0123\n"


@pytest.fixture
def here():
    with time_machine.travel(NOW, tick=False):
        yield site()


def browser(here, role: str) -> Client:
    user = User.objects.create(username=role, email=f"{role}@clinic.example")
    Grant.objects.create(user=user, role=role, site=here)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def desk(here):
    return browser(here, "front_desk")


def bring(desk: Client, here, content: str | bytes = LIST, kind: str = "patients") -> int:
    raw = content.encode() if isinstance(content, str) else content
    upload = SimpleUploadedFile("list.csv", raw, content_type="text/csv")
    answer = desk.post(f"/sites/{here.pk}/import", {"kind": kind, "file": upload})
    assert answer.status_code == 302, answer.content.decode()
    return int(answer["Location"].rsplit("/", 1)[1])


def test_a_file_is_looked_at_and_then_imported(desk, here):
    draft = bring(desk, here)
    shown = desk.get(f"/import/{draft}").content.decode()
    assert "Nora" in shown
    assert "Import 1 row" in shown
    assert Patient.objects.count() == 0
    answer = desk.post(f"/import/{draft}/run", follow=True)
    assert "Imported: 1 patient added." in answer.content.decode()
    assert Patient.objects.get().phone == "+16175550123"


def test_rows_can_be_pasted(desk, here):
    rows = LIST.replace(",", "\t")
    answer = desk.post(f"/sites/{here.pk}/import", {"kind": "patients", "text": rows})
    assert answer.status_code == 302
    assert ImportDraft.objects.get().mapping["columns"][0] == "given_name"


def test_faults_are_shown_and_come_as_a_file(desk, here):
    draft = bring(desk, here, LIST + "Nils,Newcomb,1990-02-30,\n")
    shown = desk.get(f"/import/{draft}").content.decode()
    assert "There is no such day: 1990-02-30." in shown
    assert "Import 1 row" not in shown
    rows = desk.get(f"/import/{draft}/faults.csv").content.decode("utf-8-sig").splitlines()
    assert rows[0].endswith("What is wrong")
    assert rows[1].startswith("Nils,Newcomb,1990-02-30,,")
    answer = desk.post(f"/import/{draft}/run")
    assert answer.status_code == 422
    assert Patient.objects.count() == 0


def test_no_cell_to_repair_is_a_formula_and_the_file_comes_back_as_it_was(desk, here):
    rows = "=1+1,Newcomb,1990-05-17,+1 617 555 0123\nNils,Newcomb,1990-02-30,+1 617 555 0124\n"
    draft = bring(desk, here, LIST.split("\n")[0] + "\n" + rows)
    file = desk.get(f"/import/{draft}/faults.csv").content.decode("utf-8-sig")
    assert [line.split(",")[0] for line in file.splitlines()[1:]] == ["'=1+1", "Nils"]
    assert "'+1 617 555 0124" in file
    mended = bring(desk, here, file.replace("'=1+1", "Nora").replace("02-30", "02-28"))
    assert desk.post(f"/import/{mended}/run").status_code == 302
    assert set(Patient.objects.values_list("phone", flat=True)) == {
        "+16175550123",
        "+16175550124",
    }


def test_whoever_is_at_home_elsewhere_is_not_changed_from_here(desk, here):
    pia = patient("Pia", home_site=site("Elm"))
    Appointment.objects.create(
        patient=pia,
        site=here,
        protocol_version=protocol(),
        step="inf1",
        starts_at=NOW,
        ends_at=NOW + timedelta(hours=1),
        created_at=NOW,
        updated_at=NOW,
    )
    told = "Given name,Family name,Birth date,Phone\nPia,Sample,1980-02-29,617 555 0123\n"
    draft = bring(desk, here, told)
    assert "home is another site" in desk.get(f"/import/{draft}").content.decode()
    assert desk.post(f"/import/{draft}/run").status_code == 422
    pia.refresh_from_db()
    assert pia.phone == ""


def test_another_choice_of_columns_changes_what_is_shown(desk, here):
    draft = bring(desk, here)
    chosen = {"column-0": "given_name", "column-1": "", "column-2": "birth_date", "order": "dmy"}
    answer = desk.post(f"/import/{draft}/columns", chosen, headers={"HX-Request": "true"})
    assert "No column holds family name yet." in answer.content.decode()
    kept = ImportDraft.objects.get()
    assert kept.mapping == {"columns": ["given_name", "", "birth_date", ""], "order": "dmy"}


def test_a_repaired_file_keeps_the_choice_of_columns(desk, here):
    draft = bring(desk, here, LIST.replace("Phone", "Pager"))
    chosen = {f"column-{at}": name for at, name in enumerate(NAMES)}
    desk.post(f"/import/{draft}/columns", chosen | {"order": "ymd"})
    again = SimpleUploadedFile("again.csv", LIST.replace("Phone", "Pager").encode())
    assert desk.post(f"/import/{draft}/file", {"file": again}).status_code == 302
    kept = ImportDraft.objects.get()
    assert (kept.mapping["columns"], kept.file_name) == (NAMES, "again.csv")


NAMES = ["given_name", "family_name", "birth_date", "phone"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04", "This is a workbook"),
        (b"", "empty"),
        (b"one\x00two\n3", "signs that no text has"),
        ("\U0001f600".encode() * 10, "no row below it"),
    ],
)
def test_what_cannot_be_read_is_said_beside_the_file(content, words, desk, here):
    upload = SimpleUploadedFile("list.csv", content)
    answer = desk.post(f"/sites/{here.pk}/import", {"kind": "patients", "file": upload})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ImportDraft.objects.exists()


def test_nothing_chosen_is_said(desk, here):
    answer = desk.post(f"/sites/{here.pk}/import", {"kind": "patients"})
    assert "Choose a file, or paste the rows." in answer.content.decode()


def test_the_desk_brings_no_staff_and_the_manager_no_patients(desk, here):
    answer = desk.post(f"/sites/{here.pk}/import", {"kind": "staff", "text": "a\nb"})
    assert answer.status_code == 422
    manager = browser(here, "manager")
    answer = manager.post(f"/sites/{here.pk}/import", {"kind": "patients", "text": "a\nb"})
    assert answer.status_code == 422
    rows = "first name,last name,role\nNina,Night,nurse"
    draft = bring(manager, here, rows, kind="staff")
    manager.post(f"/import/{draft}/run")
    assert Staff.objects.get().roles == ["monitoring_nurse"]


def test_a_file_is_its_owners_alone_and_can_be_forgotten(desk, here):
    draft = bring(desk, here)
    assert browser(here, "prescriber").get(f"/import/{draft}").status_code == 404
    assert desk.post(f"/import/{draft}/discard").status_code == 302
    assert desk.get(f"/import/{draft}").status_code == 404


def test_the_empty_file_imports_as_it_is(desk, here):
    example = desk.get(f"/sites/{here.pk}/import/patients.csv").content
    draft = bring(desk, here, example)
    assert desk.post(f"/import/{draft}/run").status_code == 302
    assert Patient.objects.get().mrn == "A-1001"
    assert desk.get(f"/sites/{here.pk}/import/pets.csv").status_code == 404


def test_looking_takes_as_many_queries_for_400_rows_as_for_four(
    desk, here, django_assert_max_num_queries
):
    for rows in (4, 400):
        names = [f"N{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(rows)]
        text = "".join(f"{name},Newcomb,1990-05-17\n" for name in names)
        draft = bring(desk, here, f"Given name,Family name,Birth date\n{text}")
        with django_assert_max_num_queries(22):
            desk.get(f"/import/{draft}")
