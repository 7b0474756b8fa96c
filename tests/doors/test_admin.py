"""The admin: for administrators, to look at the facts, and no back door past the services."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from clinic.models import (
    Closure,
    Credential,
    Grant,
    Journal,
    OpeningHours,
    Organisation,
    Patient,
    Room,
    Site,
    Staff,
    User,
    WeeklyHours,
)
from clinic.services.patients import update_patient
from scheduling.models import (
    Appointment,
    CalendarFeed,
    Claim,
    FeedEntry,
    Hold,
    Protocol,
    ProtocolVersion,
    Series,
)
from scheduling.services.feeds import create_feed
from tests.cast import DESK, NOW, house, patient, protocol

pytestmark = pytest.mark.django_db
PASSWORD = "correct-horse-battery"
READ_ONLY = (
    *(Organisation, Site, OpeningHours, Closure, Room, Staff, Credential, WeeklyHours, Journal),
    *(Protocol, ProtocolVersion, CalendarFeed),
)


def a_user(role, *, site=None, is_staff=True, email="amy@chairtime.example", **facts):
    user = User.objects.create(username=email, email=email, is_staff=is_staff, **facts)
    user.set_password(PASSWORD)
    user.save()
    if role:
        Grant.objects.create(user=user, role=role, site=site)
    return user


@pytest.fixture
def clinic():
    return house()


@pytest.fixture
def amy(client, clinic):
    """An administrator, signed in."""
    user = a_user("administrator")
    client.force_login(user)
    return user


def address(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def a_row(model):
    if model is CalendarFeed:
        room = Room.objects.first()
        create_feed(resource=room.pk, detail="busy", user=None, actor=DESK, now=NOW)
    if model in (Protocol, ProtocolVersion):
        protocol("maintenance")
    if model is Closure:
        Closure.objects.create(site=Site.objects.get(), first=NOW, last=NOW, reason="paint")
    if model is Journal:
        update_patient(patient=patient().pk, phone="1", actor=DESK, now=NOW)
    return model.objects.first()


# Who may enter


def test_a_stranger_is_sent_to_the_sign_in_of_the_desk_which_counts_failures(client, clinic):
    a_user("administrator")
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/account/login/?next=/admin/"


def test_the_form_that_django_brings_is_not_offered_nor_answered(client, clinic):
    a_user("administrator")
    answer = client.post(
        "/admin/login/", {"username": "amy@chairtime.example", "password": PASSWORD}
    )
    assert answer.status_code == 302
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("role", [role for role in Grant.Role if role != "administrator"])
def test_no_other_role_enters(client, clinic, role):
    client.force_login(a_user(role))
    assert client.get("/admin/", follow=True).status_code == 403
    assert client.get(address(User, "changelist"), follow=True).status_code == 403


def test_an_administrator_of_one_site_does_not_enter(client, clinic):
    client.force_login(a_user("administrator", site=clinic))
    assert client.get("/admin/", follow=True).status_code == 403


def test_an_administrator_without_access_to_the_admin_does_not_enter(client, clinic):
    client.force_login(a_user("administrator", is_staff=False))
    assert client.get("/admin/", follow=True).status_code == 403


def test_somebody_with_access_and_no_role_does_not_enter(client, clinic):
    client.force_login(a_user(None))
    assert client.get("/admin/", follow=True).status_code == 403


# What is shown


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_services_own_is_shown(client, amy, model):
    row = a_row(model)
    assert client.get(address(model, "changelist")).status_code == 200
    assert client.get(address(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_services_own_is_neither_added_changed_nor_deleted(client, amy, model):
    row = a_row(model)
    before = list(model.objects.values())
    data = {"name": "Mine", "reason": "mine", "_save": "Save", "post": "yes"}
    assert client.post(address(model, "add"), data).status_code == 403
    assert client.post(address(model, "change", row.pk), data).status_code == 403
    assert client.post(address(model, "delete", row.pk), data).status_code == 403
    act = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    client.post(address(model, "changelist"), act)
    assert list(model.objects.values()) == before


@pytest.mark.parametrize("model", [Patient, Appointment, Series, Claim, Hold, FeedEntry])
def test_patients_and_visits_are_not_in_it(amy, model):
    assert not admin.site.is_registered(model)


def test_nothing_that_packages_bring_is_in_it():
    ours = {"clinic", "scheduling", "api", "billing"}
    assert {model._meta.app_label for model in admin.site._registry} <= ours


def test_every_page_but_that_of_sign_ins_refuses_to_write(rf, amy):
    request = rf.get("/")
    request.user = amy
    writable = {
        model
        for model, page in admin.site._registry.items()
        if page.has_add_permission(request)
        or page.has_change_permission(request)
        or page.has_delete_permission(request)
    }
    assert writable == {User}


def test_the_journal_shows_what_changed_and_of_a_patient_only_which_fields(client, amy):
    update_patient(patient=patient("Pia").pk, family_name="Secret", actor=DESK, now=NOW)
    page = client.get(address(Journal, "changelist")).content.decode()
    assert "patient.corrected" in page
    assert "family_name" in page
    assert "Secret" not in page
    page = client.get(address(Journal, "change", Journal.objects.latest("id").pk))
    assert "Secret" not in page.content.decode()


def test_the_history_of_a_row_is_in_the_journal(client, amy):
    room = Room.objects.first()
    answer = client.get(address(Room, "history", room.pk))
    assert answer.url == f"{address(Journal, 'changelist')}?subject=room:{room.pk}"
    assert client.get(answer.url).status_code == 200


# Sign-ins


def inline(*grants, initial=0):
    """The form of somebody's grants: (role, site id, grant id) each."""
    form = {"grants-TOTAL_FORMS": len(grants), "grants-INITIAL_FORMS": initial}
    for number, (role, site, id) in enumerate(grants):
        row = {"role": role, "site": site, "id": id}
        form |= {f"grants-{number}-{field}": value for field, value in row.items()}
    return form


def test_a_sign_in_is_added_with_its_grants_and_journaled(client, amy, clinic):
    data = {"email": "new@chairtime.example", "password1": PASSWORD, "password2": PASSWORD}
    answer = client.post(address(User, "add"), data | inline(("nurse", clinic.pk, "")))
    user = User.objects.get(email="new@chairtime.example")
    assert answer.url == address(User, "change", user.pk)
    assert user.check_password(PASSWORD)
    entry = Journal.objects.latest("id")
    assert (entry.action, entry.actor, entry.door) == ("user.added", amy.email, "admin")
    assert entry.subject == f"user:{user.pk}"
    assert entry.after["grants"] == ["nurse at Juniper House"]
    assert PASSWORD not in str(vars(entry))


def test_grants_are_changed_and_journaled_with_before_and_after(client, amy, clinic):
    nia = a_user("nurse", site=clinic, is_staff=False, email="nia@chairtime.example")
    grant = nia.grants.get()
    data = {"email": nia.email, "is_active": "on"}
    rows = inline(("charge_nurse", clinic.pk, grant.pk), ("manager", "", ""), initial=1)
    client.post(address(User, "change", nia.pk), data | rows)
    entry = Journal.objects.latest("id")
    assert (entry.action, entry.before) == ("user.changed", {"grants": ["nurse at Juniper House"]})
    assert entry.after == {"grants": ["charge_nurse at Juniper House", "manager at every site"]}


def test_saving_a_sign_in_as_it_is_leaves_no_trace(client, amy, clinic):
    nia = a_user("nurse", is_staff=False, email="nia@chairtime.example")
    rows = inline(("nurse", "", nia.grants.get().pk), initial=1)
    client.post(address(User, "change", nia.pk), {"email": nia.email, "is_active": "on"} | rows)
    assert not Journal.objects.exists()


def test_a_password_is_set_and_journaled_without_it(client, amy):
    nia = a_user("nurse", is_staff=False, email="nia@chairtime.example")
    data = {"password1": PASSWORD + "2", "password2": PASSWORD + "2", "usable_password": "true"}
    data["set-password"] = "1"
    client.post(f"/admin/clinic/user/{nia.pk}/password/", data)
    nia.refresh_from_db()
    assert nia.check_password(PASSWORD + "2")
    entry = Journal.objects.latest("id")
    assert (entry.action, entry.before, entry.after) == ("user.password_set", {}, {})


def test_nobody_makes_themselves_a_superuser(client, amy):
    rows = inline(("administrator", "", amy.grants.get().pk), initial=1)
    data = {"email": amy.email, "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    client.post(address(User, "change", amy.pk), data | rows)
    amy.refresh_from_db()
    assert not amy.is_superuser


def test_nobody_locks_themselves_out(client, amy):
    url, grant = address(User, "change", amy.pk), amy.grants.get()
    keep = inline(("administrator", "", grant.pk), initial=1)
    whole = {"email": amy.email, "is_active": "on", "is_staff": "on"}
    for data in (
        {"email": amy.email, "is_active": "on"} | keep,
        {"email": amy.email, "is_staff": "on"} | keep,
        whole | keep | {"grants-0-DELETE": "on"},
        whole | inline(("manager", "", grant.pk), initial=1),
        whole | inline(("administrator", Site.objects.get().pk, grant.pk), initial=1),
    ):
        answer = client.post(url, data)
        assert answer.status_code == 200
        assert b"Somebody else must take away your own" in answer.content
    amy.refresh_from_db()
    assert amy.is_active
    assert amy.grants.get().role == "administrator"


def test_nobody_is_deleted(client, amy):
    nia = a_user("nurse", email="nia@chairtime.example")
    assert client.post(address(User, "delete", nia.pk), {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=nia.pk).exists()


def test_a_form_without_its_token_is_refused(amy):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(amy)
    assert strict.post(address(User, "add"), {}).status_code == 403
