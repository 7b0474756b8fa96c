"""A way in for a colleague: used once, dead when withdrawn, no way into another sign-in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client

from clinic.journal import ChangedMeanwhile
from clinic.models import Grant, Invitation, Journal, User
from clinic.services.access import LastAdministrator, end_access, restore_access, set_grants
from clinic.services.invitations import (
    AlreadySignsIn,
    NotInvited,
    accept_invitation,
    find_invitation,
    invite,
    join,
    withdraw_invitation,
)
from tests.cast import DESK, NOW, nurse, site

pytestmark = pytest.mark.django_db(transaction=True)

PASSWORD = "seven quiet lanterns"


@pytest.fixture
def here():
    return site()


@pytest.fixture
def ines(here):
    return nurse("Ines", here)


@pytest.fixture
def secret(here, ines):
    """Ines is invited as a nurse of Juniper House."""
    grants = [{"role": "nurse", "site": here.pk}]
    return invite(email="ines@clinic.example", grants=grants, staff=ines.pk, actor=DESK, now=NOW)[1]


def accept(secret: str, **changes):
    told = {"given_name": "Ines", "family_name": "Example", "password": PASSWORD, "now": NOW}
    return accept_invitation(secret=secret, **(told | changes))


def administrator(name: str, where=None) -> User:
    user = User.objects.create(username=name, email=f"{name}@clinic.example")
    Grant.objects.create(user=user, role="administrator", site=where)
    return user


def test_who_accepts_signs_in_with_what_was_promised(secret, here, ines):
    user = accept(secret)
    assert user.check_password(PASSWORD)
    assert [(grant.role, grant.site) for grant in user.grants.all()] == [("nurse", here)]
    ines.refresh_from_db()
    assert ines.user == user


def test_only_a_hash_of_the_secret_is_kept(secret):
    kept = Invitation.objects.get()
    assert secret not in kept.secret_hash
    assert not any(secret in str(entry.after) for entry in Journal.objects.all())


def test_an_invitation_works_once(secret):
    accept(secret)
    with pytest.raises(NotInvited):
        accept(secret)
    with pytest.raises(NotInvited):
        find_invitation(secret, now=NOW)


def test_two_who_accept_at_once_are_one(secret):
    def attempt(_: int) -> str:
        try:
            return accept(secret).email
        except (NotInvited, AlreadySignsIn) as no:
            return type(no).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(attempt, range(4)))
    assert said.count("ines@clinic.example") == 1
    assert User.objects.count() == 1


def test_an_old_invitation_leads_nowhere(secret):
    with pytest.raises(NotInvited):
        accept(secret, now=NOW + timedelta(days=7))
    assert not User.objects.exists()


def test_a_withdrawn_invitation_leads_nowhere(secret):
    withdraw_invitation(invitation=Invitation.objects.get().pk, actor=DESK, now=NOW)
    with pytest.raises(NotInvited):
        accept(secret)


def test_a_new_invitation_kills_the_one_before(secret, here):
    grants = [{"role": "nurse", "site": here.pk}]
    _, newer = invite(email="INES@clinic.example", grants=grants, actor=DESK, now=NOW)
    with pytest.raises(NotInvited):
        accept(secret)
    accept(newer)


def test_an_invitation_is_no_way_into_a_sign_in_that_exists(secret):
    owner = User.objects.create_user("ines", email="ines@clinic.example", password="her own words")
    with pytest.raises(AlreadySignsIn):
        accept(secret)
    owner.refresh_from_db()
    assert owner.check_password("her own words")
    assert join(secret=secret, user=owner.pk, now=NOW).grants.get().role == "nurse"


def test_somebody_else_cannot_take_an_invitation(secret):
    other = administrator("ada")
    with pytest.raises(NotInvited):
        join(secret=secret, user=other.pk, now=NOW)
    assert other.grants.count() == 1


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "ines@clinic.example"}, "password"),
        ({"given_name": " "}, "given_name"),
        ({"family_name": "x" * 200}, "family_name"),
    ],
)
def test_what_is_wrong_is_said_by_its_field_and_the_way_in_stays(told, field, secret):
    with pytest.raises(ValidationError) as wrong:
        accept(secret, **told)
    assert field in wrong.value.message_dict
    assert not User.objects.exists()
    accept(secret)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"grants": []}, "grants"),
        ({"grants": [{"role": "wizard", "site": None}]}, "grants"),
        ({"grants": [{"role": "nurse", "site": 999_999}]}, "grants"),
    ],
)
def test_an_invitation_says_who_and_what(told, field):
    asked = {"email": "x@clinic.example", "grants": [{"role": "nurse", "site": None}]} | told
    with pytest.raises(ValidationError) as wrong:
        invite(**asked, actor=DESK, now=NOW)
    assert field in wrong.value.message_dict


def test_rights_are_set_as_a_whole_and_journaled(here):
    administrator("ada")
    user = User.objects.create(username="nils", email="nils@clinic.example")
    wanted = {("nurse", here.pk), ("charge_nurse", here.pk)}
    set_grants(user=user.pk, grants=wanted, within=None, actor=DESK, now=NOW)
    assert {(grant.role, grant.site_id) for grant in user.grants.all()} == wanted
    entry = Journal.objects.get(subject=f"user:{user.pk}")
    assert entry.after["grants"] == [f"charge_nurse@{here.pk}", f"nurse@{here.pk}"]


def test_rights_at_a_site_that_is_not_ones_own_stay_as_they_are(here):
    administrator("ada")
    there = site("Birch House")
    user = User.objects.create(username="nils", email="nils@clinic.example")
    Grant.objects.create(user=user, role="manager", site=there)
    asked = [("nurse", here.pk), ("administrator", there.pk), ("administrator", None)]
    set_grants(user=user.pk, grants=asked, within=[here.pk], actor=DESK, now=NOW)
    kept = {(grant.role, grant.site_id) for grant in user.grants.all()}
    assert kept == {("nurse", here.pk), ("manager", there.pk)}


def test_the_last_administrator_stays(here):
    ada = administrator("ada")
    administrator("of one site", here)
    for take in (
        lambda: set_grants(user=ada.pk, grants=[], within=None, actor=DESK, now=NOW),
        lambda: end_access(user=ada.pk, actor=DESK, now=NOW),
    ):
        with pytest.raises(LastAdministrator):
            take()
    ada.refresh_from_db()
    assert ada.is_active
    assert ada.grants.get().role == "administrator"


def test_two_administrators_cannot_take_each_others_rights_at_once():
    ada, bo = administrator("ada"), administrator("bo")

    def take(user: int) -> str:
        try:
            end_access(user=user, actor=DESK, now=NOW)
        except LastAdministrator:
            return "stays"
        else:
            return "gone"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(take, [ada.pk, bo.pk])) == ["gone", "stays"]


def test_who_leaves_is_signed_out_everywhere_and_may_come_back():
    administrator("ada")
    bo = administrator("bo")
    browser = Client()
    browser.force_login(bo)
    assert Session.objects.count() == 1
    end_access(user=bo.pk, actor=DESK, now=NOW)
    assert not Session.objects.exists()
    assert browser.get("/")["Location"].startswith("/account/login")
    assert restore_access(user=bo.pk, actor=DESK, now=NOW).is_active


def test_two_who_edit_ones_rights_are_told(here):
    administrator("ada")
    user = User.objects.create(username="nils", email="nils@clinic.example")
    set_grants(user=user.pk, grants=[("nurse", here.pk)], within=None, actor=DESK, now=NOW)
    with pytest.raises(ChangedMeanwhile):
        set_grants(user=user.pk, grants=[], within=None, seen=0, actor=DESK, now=NOW)


def test_who_invites_to_another_site_leaves_an_invitation_from_here_alone(secret, here):
    there = site("Elm")
    grants = [{"role": "nurse", "site": there.pk}]
    told = {"email": "INES@clinic.example", "grants": grants, "actor": DESK, "now": NOW}
    first = invite(**told, within=[there.pk])[1]
    second = invite(**told, within=[there.pk])[1]
    with pytest.raises(NotInvited):
        find_invitation(first, now=NOW)
    user = accept(secret)
    join(secret=second, user=user.pk, now=NOW)
    assert {grant.site_id for grant in user.grants.all()} == {here.pk, there.pk}
