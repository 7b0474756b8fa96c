"""The table read as sentences: what each role is for, and what it is kept from."""

import pytest
from django.contrib.auth.models import AnonymousUser

from api.permissions import (
    ACTIONS,
    ROLES,
    ApiClient,
    NotPermitted,
    may,
    require,
    sites_for,
    visible_patients,
    visible_visits,
)
from clinic.models import Grant, Patient, Site, User
from scheduling.models import Appointment
from scheduling.services.booking import book_series
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, site, token

pytestmark = pytest.mark.django_db


def person(*grants: tuple[str, Site | None]) -> User:
    """Somebody with these roles, each at a site or everywhere."""
    user = User.objects.create(
        username=f"u{User.objects.count()}", email=f"u{User.objects.count()}@x.example"
    )
    for role, where in grants:
        Grant.objects.create(user=user, role=role, site=where)
    return user


def actions_of(role: str) -> set[str]:
    return {name for name, action in ACTIONS.items() if role in action.roles}


def test_roles_really_differ():
    rights = {role: frozenset(actions_of(role)) for role in ROLES}
    assert len(set(rights.values())) == len(ROLES)


def test_an_administrator_sets_up_and_sees_no_patient():
    assert "manage_setup" in actions_of("administrator")
    assert not actions_of("administrator") & {"see_day", "see_names", "see_patients", "see_care"}


def test_a_biller_finds_patients_but_not_what_they_are_treated_for():
    assert {"see_patients", "see_billing"} <= actions_of("biller")
    assert not actions_of("biller") & {"see_care", "see_names", "see_series", "book_series"}


def test_only_those_who_plan_the_day_book_and_cancel():
    for action in ("book_series", "book_visit", "cancel_visit"):
        assert ACTIONS[action].roles == {"front_desk", "charge_nurse", "prescriber"}


def test_a_charge_nurse_cancels_a_visit_but_ends_no_course():
    assert "cancel_visit" in actions_of("charge_nurse")
    assert ACTIONS["cancel_series"].roles == {"front_desk", "prescriber"}


def test_a_manager_sees_the_day_without_names():
    assert {"see_day", "see_coverage", "see_journal"} <= actions_of("manager")
    assert not actions_of("manager") & {"see_names", "see_patients", "see_care"}


def test_a_grant_holds_at_its_site_only():
    here, there = site("Here"), site("There")
    dora = person(("front_desk", here))
    assert may(dora, "book_series", here)
    assert not may(dora, "book_series", there)
    assert may(dora, "book_series")


def test_a_grant_without_a_site_holds_everywhere():
    assert may(person(("front_desk", None)), "book_series", site())


def test_several_roles_add_up():
    here, there = site("Here"), site("There")
    both = person(("manager", here), ("nurse", there))
    assert may(both, "see_names", there)
    assert not may(both, "see_names", here)
    assert may(both, "see_journal", here)


def test_who_has_left_may_nothing():
    dora = person(("front_desk", None))
    dora.is_active = False
    assert not any(may(dora, action) for action in ACTIONS)


def test_nobody_may_nothing():
    assert not any(may(AnonymousUser(), action) for action in ACTIONS)
    assert not any(may(person(), action) for action in ACTIONS)


def test_a_superuser_is_an_administrator_and_no_more():
    root = User.objects.create(username="root", email="root@x.example", is_superuser=True)
    assert {action for action in ACTIONS if may(root, action)} == actions_of("administrator")


def test_a_machine_has_the_rights_of_its_scopes_at_its_sites():
    here, there = site("Here"), site("There")
    board = ApiClient(1, "Board", frozenset({"appointments:read"}), frozenset({here.pk}))
    assert may(board, "see_day", here)
    assert not may(board, "see_day", there)
    assert not may(board, "book_visit", here)


def test_a_machine_never_has_a_right_without_a_scope():
    everything = frozenset(action.scope for action in ACTIONS.values())
    machine = ApiClient(1, "All", everything, None)
    assert not may(machine, "manage_setup")
    assert not may(machine, "see_journal")


def test_an_unknown_action_is_an_error_and_never_a_yes():
    with pytest.raises(KeyError):
        may(person(("administrator", None)), "see_dya")


def test_a_refusal_says_what_was_not_allowed():
    with pytest.raises(NotPermitted) as refused:
        require(person(), "book_series")
    assert "book series" in str(refused.value)


def test_where_nothing_is_allowed_no_row_is_found():
    site("Here")
    nowhere = sites_for(person(), "see_day")
    assert not nowhere
    assert not Site.objects.filter(nowhere.q("pk")).exists()


def test_a_therapist_sees_their_own_visits_and_patients_only():
    clinic, kare = house(), protocol("aud-kare")
    pia, per = patient("Pia", home_site=clinic), patient("Per", home_site=clinic)
    series = book_series(token=token(pia, kare, clinic, kare_times()), actor=DESK, now=NOW)
    ana = person(("therapist", clinic))
    series.therapist.user = ana
    series.therapist.save()
    ana.refresh_from_db()
    assert list(visible_patients(ana, Patient.objects.all())) == [pia]
    assert visible_visits(ana, Appointment.objects.filter(step="th1")).count() == 1
    theo = person(("therapist", clinic))
    assert not visible_patients(theo, Patient.objects.all()).exists()
    assert not visible_visits(theo, Appointment.objects.all()).exists()
    assert per not in visible_patients(ana, Patient.objects.all())


def test_a_patient_without_a_site_belongs_to_all_until_there_is_a_visit():
    here, clinic = site("Here"), house(name="There")
    pia = patient("Pia")
    desk = person(("front_desk", here))
    assert pia in visible_patients(desk, Patient.objects.all())
    proposal = token(pia, protocol("aud-kare"), clinic, kare_times())
    book_series(token=proposal, actor=DESK, now=NOW)
    assert pia not in visible_patients(desk, Patient.objects.all())
