"""The pages on which a clinic says who works there, what they hold, and who signs in as what."""

import re
from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from api.desk.colleagues import read_warnings, standing_of
from clinic import journal
from clinic.models import Credential, Grant, Invitation, Journal, Staff, User
from clinic.services.invitations import invite
from scheduling.services.booking import book_series
from scheduling.services.upkeep import save_staff
from tests.cast import DESK, MONDAY, NOW, house, kare_times, nurse, patient, protocol, site, token

pytestmark = pytest.mark.django_db
BY = {"actor": DESK, "now": NOW}
PASSWORD = "seven quiet lanterns"


@pytest.fixture(autouse=True)
def morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def here():
    return site()


@pytest.fixture
def ines(here):
    return nurse("Ines", here)


def browser(role: str, where=None) -> Client:
    name = f"{role}.{where.pk}" if where else role
    user = User.objects.create(username=name, email=f"{name}@clinic.example")
    Grant.objects.create(user=user, role=role, site=where)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def manager(here):
    return browser("manager", here)


@pytest.fixture
def boss(here):
    return browser("administrator")


def facts(person: Staff, **changes) -> dict:
    known = {
        "given_name": person.given_name,
        "family_name": person.family_name,
        "roles": person.roles,
        "skills": person.skills,
        "sites": [one.pk for one in person.sites.all()],
        "seen": journal.newest(f"staff:{person.pk}"),
    }
    return known | changes


def text(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def credential(kind: str, until: date, since: date | None = None) -> Credential:
    return Credential(kind=kind, valid_from=since, expires_on=until)


@pytest.mark.parametrize(
    ("held", "state"),
    [
        ([], "missing"),
        ([credential("nursing_licence", MONDAY - timedelta(days=1))], "expired"),
        ([credential("nursing_licence", MONDAY)], "soon"),
        ([credential("nursing_licence", MONDAY + timedelta(days=30))], "soon"),
        ([credential("nursing_licence", MONDAY + timedelta(days=31))], "valid"),
        ([credential("nursing_licence", date(2030, 1, 1), MONDAY + timedelta(days=1))], "later"),
        (
            [
                credential("nursing_licence", MONDAY + timedelta(days=5)),
                credential("nursing_licence", date(2030, 1, 1), MONDAY + timedelta(days=6)),
            ],
            "valid",
        ),
        (
            [
                credential("nursing_licence", MONDAY + timedelta(days=5)),
                credential("nursing_licence", date(2030, 1, 1), MONDAY + timedelta(days=9)),
            ],
            "soon",
        ),
    ],
)
def test_a_need_is_met_as_long_as_credentials_follow_without_a_gap(held, state):
    required = {"monitoring_nurse": ["nursing_licence"]}
    assert [one.state for one in standing_of(["monitoring_nurse"], held, required, MONDAY)] == [
        state
    ]


def test_the_list_says_what_is_missing_and_for_which_role(manager, here):
    nurse("Ines", here, credentials=[])
    shown = text(manager.get(f"/sites/{here.pk}/staff"))
    assert "Nursing licence: none (Nurse needs it)" in shown
    assert "1 credential is missing" in shown


def test_filters_live_in_the_address_and_a_name_is_posted(manager, here, ines):
    nurse("Nils", here, credentials=[])
    address = f"/sites/{here.pk}/staff"
    assert "Ines" not in text(manager.get(f"{address}?state=missing"))
    assert "Ines" not in text(manager.get(f"{address}?role=therapist"))
    assert "Ines" not in text(manager.get(f"{address}?active=no"))
    found = text(manager.post(address, {"q": "ínes"}))
    assert "Ines" in found
    assert "Nils" not in found
    assert "Ines" in text(manager.get(f"{address}?q=nils&page=x"))


def test_a_person_is_added_with_roles_skills_and_sites(manager, here):
    told = {"given_name": "Nora", "family_name": "New", "roles": ["therapist"], "sites": [here.pk]}
    answer = manager.post(
        f"/sites/{here.pk}/staff/new", told | {"skills": ["KAP, play therapy", ""]}
    )
    made = Staff.objects.get()
    assert answer["Location"] == f"/staff/{made.pk}"
    assert made.skills == ["kap", "play_therapy"]
    assert list(made.sites.all()) == [here]


@pytest.mark.parametrize(
    "told",
    [
        {"given_name": ""},
        {"given_name": "x" * 10_000},
        {"given_name": "a\0b"},
        {"roles": ["wizard"]},
        {"skills": ["💉💉"]},
        {"sites": []},
        {"sites": ["999999"]},
        {"max_patients": "-1"},
        {"email": "nobody"},
    ],
)
def test_what_is_wrong_with_a_person_is_said_and_nothing_is_saved(told, manager, ines):
    answer = manager.post(f"/staff/{ines.pk}", facts(ines, title="kept", **told))
    assert answer.status_code == 422
    assert 'value="kept"' in text(answer)
    assert not Journal.objects.exists()


def test_who_edits_a_person_second_is_told_and_loses_nothing(manager, here, ines):
    mine = facts(ines, title="Charge nurse")
    save_staff(staff=ines.pk, phone="+16175550199", **BY)
    answer = manager.post(f"/staff/{ines.pk}", mine)
    assert answer.status_code == 409
    shown = text(answer)
    assert "changed this at 07:00" in shown
    assert 'value="Charge nurse"' in shown
    assert 'value="+16175550199"' in shown
    ines.refresh_from_db()
    assert ines.title == ""


def test_a_site_beyond_ones_reach_stays(manager, here, ines):
    there = site("Birch House")
    ines.sites.add(there)
    manager.post(f"/staff/{ines.pk}", facts(ines, sites=[here.pk], title="Charge nurse"))
    assert set(ines.sites.all()) == {here, there}
    refused = manager.post(f"/staff/{ines.pk}", facts(ines, sites=[there.pk]))
    assert refused.status_code == 422


@pytest.fixture
def series():
    clinic = house(name="Full House")
    proposal = token(patient(), protocol("aud-kare"), clinic, kare_times())
    return book_series(token=proposal, **BY)


def test_who_is_needed_does_not_leave_and_the_visits_are_listed(series):
    therapist = series.therapist
    manager = browser("manager", series.site)
    answer = manager.post(f"/staff/{therapist.pk}/leave", {"leave": "1"})
    assert answer.status_code == 409
    assert "Booked visits still need them" in text(answer)
    therapist.refresh_from_db()
    assert therapist.active


def test_who_is_not_needed_leaves_and_comes_back(manager, ines):
    manager.post(f"/staff/{ines.pk}/leave", {"leave": "1"})
    ines.refresh_from_db()
    assert not ines.active
    manager.post(f"/staff/{ines.pk}/leave", {"back": "1"})
    ines.refresh_from_db()
    assert ines.active


def test_a_credential_is_added_renewed_and_withdrawn(manager, ines):
    ines.credentials.all().delete()
    told = {"kind": "Nursing licence", "number": "RN-1", "expires_on": "2027-01-31"}
    manager.post(f"/staff/{ines.pk}/credentials", told)
    row = ines.credentials.get()
    assert row.kind == "nursing_licence"
    manager.post(f"/credentials/{row.pk}", told | {"expires_on": "2029-01-31"})
    row.refresh_from_db()
    assert row.expires_on == date(2029, 1, 31)
    manager.post(f"/credentials/{row.pk}/withdraw")
    assert not ines.credentials.exists()


@pytest.mark.parametrize(
    "told",
    [
        {"kind": "🩺"},
        {"kind": ""},
        {"kind": "x" * 10_000},
        {"number": "a\0b"},
        {"expires_on": "2027-02-30"},
        {"expires_on": "9999-01-01"},
        {"valid_from": "2028-01-01"},
    ],
)
def test_a_credential_that_cannot_be_is_refused_beside_its_field(told, manager, ines):
    whole = {"kind": "bls", "number": "", "issuer": "kept", "expires_on": "2027-01-31"} | told
    answer = manager.post(f"/staff/{ines.pk}/credentials", whole)
    assert answer.status_code == 422
    assert 'value="kept"' in text(answer)
    assert not ines.credentials.filter(issuer="kept").exists()


def test_a_credential_that_visits_rest_on_is_not_withdrawn(series):
    manager = browser("manager", series.site)
    row = series.therapist.credentials.get(kind="therapy_licence")
    answer = manager.post(f"/credentials/{row.pk}/withdraw")
    assert answer.status_code == 409
    assert "Booked visits rest on it" in text(answer)
    assert Credential.objects.filter(pk=row.pk).exists()


def test_the_warnings_count_the_visits_after_a_licence_ends(series):
    """Therapy 1 is on the 15th, the other six after it."""
    therapist = series.therapist
    therapist.credentials.update(expires_on=date(2026, 12, 15))
    found = read_warnings(series.site, NOW)
    assert [(one.staff, one.held.days, len(one.visits)) for one in found] == [(therapist, 8, 6)]
    manager = browser("manager", series.site)
    shown = text(manager.get(f"/sites/{series.site_id}/credentials"))
    assert "6 booked visits would lack somebody" in shown


# Invitations and rights


def test_an_invitation_is_shown_once_and_kept_only_as_a_hash(boss, here, ines):
    told = {"email": "ines@clinic.example", "grants": [f"nurse@{here.pk}"], "staff": ines.pk}
    shown = text(boss.post("/sign-ins/invite", told))
    secret = re.search(r"/welcome/([\w-]{40,})", shown)[1]
    row = Invitation.objects.get()
    assert secret not in str(row.__dict__)
    assert secret not in text(boss.get("/sign-ins"))
    assert not Journal.objects.filter(after__icontains=secret).exists()
    renewed = text(boss.post(f"/invitations/{row.pk}/again"))
    assert secret not in renewed
    assert Client().get(f"/welcome/{secret}").status_code == 404
    newer = re.search(r"/welcome/([\w-]{40,})", renewed)[1]
    assert Client().get(f"/welcome/{newer}").status_code == 200


def open_door(here, ines) -> str:
    grants = [{"role": "nurse", "site": here.pk}]
    _, secret = invite(email="ines@clinic.example", grants=grants, staff=ines.pk, **BY)
    return f"/welcome/{secret}"


def test_who_is_invited_sets_a_password_and_is_let_in(here, ines):
    door, client = open_door(here, ines), Client()
    shown = client.get(door)
    assert shown["Referrer-Policy"] == "same-origin"
    assert "no-store" in shown["Cache-Control"]
    assert 'value="Ines"' in text(shown)
    told = {"given_name": "Ines", "family_name": "Example", "password": "short"}
    refused = client.post(door, told)
    assert refused.status_code == 422
    assert "at least 10 characters" in text(refused)
    answer = client.post(door, told | {"password": PASSWORD})
    assert answer["Location"] == "/"
    ines.refresh_from_db()
    assert ines.user.email == "ines@clinic.example"
    assert client.get("/", follow=True).status_code == 200


def test_an_e_mail_that_was_somebodys_before_lets_its_new_owner_in(here, ines):
    User.objects.create(username="ines@clinic.example", email="ines.now@clinic.example")
    told = {"given_name": "Ines", "family_name": "Example", "password": PASSWORD}
    assert Client().post(open_door(here, ines), told)["Location"] == "/"
    assert User.objects.get(email="ines@clinic.example").grants.get().role == "nurse"


def test_an_invitation_of_who_signs_in_by_now_is_not_sent_again(here, ines, boss):
    open_door(here, ines)
    ines.user = User.objects.create(username="ines", email="ines@other.example")
    ines.save()
    made = Invitation.objects.get()
    answer = boss.post(f"/invitations/{made.pk}/again", follow=True)
    assert "signs in already" in text(answer)


def test_every_dead_address_says_the_same_and_nothing_of_who(here, ines, boss):
    used, unknown = open_door(here, ines), "/welcome/no-such-secret"
    told = {"given_name": "Ines", "family_name": "Example", "password": PASSWORD}
    Client().post(used, told)
    withdrawn = (
        f"/welcome/{invite(email='n@x.example', grants=[{'role': 'nurse', 'site': None}], **BY)[1]}"
    )
    boss.post(f"/invitations/{Invitation.objects.get(email='n@x.example').pk}/withdraw")
    said = [Client().get(address) for address in (used, unknown, withdrawn)]
    assert {answer.status_code for answer in said} == {404}
    assert len({answer.content for answer in said}) == 1
    assert "Ines" not in text(said[0])


def test_no_log_line_holds_an_address(here, ines, caplog):
    door = open_door(here, ines)
    with caplog.at_level("DEBUG"):
        Client().get(door)
        Client().post(door, {"password": PASSWORD})
        Client().get("/welcome/no-such-secret")
    assert "/welcome/<str:secret>" in caplog.text
    assert door not in caplog.text
    assert PASSWORD not in caplog.text


def test_guessing_addresses_is_slowed_down():
    codes = [Client().get(f"/welcome/guess-{number}").status_code for number in range(32)]
    assert codes[0] == 404
    assert codes[-1] == 429


def test_nobody_gives_rights_where_they_may_not(here):
    there = site("Birch House")
    mine = browser("administrator", here)
    for right in (f"administrator@{there.pk}", "administrator@all"):
        told = {"email": "x@clinic.example", "grants": [right]}
        assert mine.post("/sign-ins/invite", told).status_code == 422
    assert not Invitation.objects.exists()
    stranger = User.objects.create(username="s", email="s@clinic.example")
    Grant.objects.create(user=stranger, role="nurse", site=there)
    assert mine.get(f"/sign-ins/{stranger.pk}").status_code == 404
    foreign = [{"role": "nurse", "site": there.pk}]
    row, _ = invite(email="y@clinic.example", grants=foreign, **BY)
    assert mine.post(f"/invitations/{row.pk}/again").status_code == 404


def test_only_an_administrator_of_all_that_somebody_may_ends_their_access(here, boss):
    there = site("Birch House")
    mine = browser("administrator", here)
    shared = User.objects.create(username="s", email="s@clinic.example")
    for where in (here, there):
        Grant.objects.create(user=shared, role="nurse", site=where)
    assert mine.post(f"/sign-ins/{shared.pk}/access", {"end": "1"}).status_code == 403
    boss.post(f"/sign-ins/{shared.pk}/access", {"end": "1"})
    shared.refresh_from_db()
    assert not shared.is_active


def test_rights_are_ticked_and_saved(boss, here):
    user = User.objects.create(username="n", email="n@clinic.example")
    told = {"grants": [f"nurse@{here.pk}", "biller@all"], "seen": 0}
    assert boss.post(f"/sign-ins/{user.pk}", told).status_code == 302
    given = set(user.grants.values_list("role", "site"))
    assert given == {("nurse", here.pk), ("biller", None)}


def test_the_last_administrator_keeps_the_right(boss):
    me = User.objects.get(username="administrator")
    answer = boss.post(f"/sign-ins/{me.pk}", {"grants": []})
    assert answer.status_code == 409
    assert "This is the last administrator" in text(answer)
    assert me.grants.get().role == "administrator"
    assert boss.post(f"/sign-ins/{me.pk}/access", {"end": "1"}).status_code == 409


def test_rights_that_somebody_else_changed_are_not_overwritten(boss, here):
    user = User.objects.create(username="n", email="n@clinic.example")
    seen = journal.newest(f"user:{user.pk}")
    boss.post(f"/sign-ins/{user.pk}", {"grants": [f"nurse@{here.pk}"], "seen": seen})
    answer = boss.post(f"/sign-ins/{user.pk}", {"grants": [f"biller@{here.pk}"], "seen": seen})
    assert answer.status_code == 409
    assert "changed these rights while you were at it" in text(answer)
    assert user.grants.get().role == "nurse"
    assert reverse("desk:rights", args=[user.pk]) in text(answer)
