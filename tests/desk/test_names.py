"""Whoever belongs to a site where the viewer may see names is called by name, and no others."""

import pytest

from api.desk.people import shown_names
from clinic.models import Grant, User
from tests.cast import NOW, patient, protocol, site

pytestmark = pytest.mark.django_db


@pytest.fixture
def bo():
    """Bo sits at the front desk of Here and does the bills of There."""
    here, there = site("Here"), site("There")
    user = User.objects.create(username="bo", email="bo@clinic.example")
    Grant.objects.create(user=user, role="front_desk", site=here)
    Grant.objects.create(user=user, role="biller", site=there)
    return user, here, there


def test_a_patient_of_a_site_where_one_sees_initials_is_told_by_initials(bo):
    user, here, there = bo
    pia, per = patient("Pia", home_site=here), patient("Per", home_site=there)
    assert shown_names(user, [pia, per]) == {pia.pk: "Pia Sample", per.pk: "P. S."}


def test_searching_tells_no_more_than_that(bo, client):
    user, _, there = bo
    patient("Per", home_site=there)
    client.force_login(user)
    answer = client.post("/patients/find", {"q": "sample"}, headers={"HX-Request": "true"})
    assert "P. S." in answer.content.decode()
    assert "Sample" not in answer.content.decode()


def test_a_visit_where_one_sees_names_is_enough(bo, django_assert_num_queries):
    user, here, there = bo
    per = patient("Per", home_site=there)
    per.series.create(
        protocol_version=protocol("maintenance"),
        site=here,
        d0="2026-12-17",
        created_at=NOW,
        updated_at=NOW,
    )
    shown_names(user, [per])
    with django_assert_num_queries(1):
        assert shown_names(user, [per, per]) == {per.pk: "Per Sample"}
