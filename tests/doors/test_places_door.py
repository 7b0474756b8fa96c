from datetime import timedelta
from itertools import pairwise

import pytest
import time_machine

from scheduling.models import Protocol
from tests.cast import NOW, house, nurse, protocol, protocol_version, room, site
from tests.doors.callers import caller

pytestmark = pytest.mark.django_db


def listed(answer) -> list[dict]:
    assert answer.status_code == 200, answer.content
    assert set(answer.json()) == {"count", "next", "previous", "results"}
    return answer.json()["results"]


def test_a_site_tells_its_time_zone():
    site("Juniper House")
    [row] = listed(caller().get("sites"))
    assert (row["name"], row["time_zone"]) == ("Juniper House", "America/New_York")


def test_a_room_tells_its_site_chairs_and_turnover():
    clinic = site()
    room("Bay", clinic, chairs=3, turnover=15)
    [row] = listed(caller().get("rooms"))
    assert (row["site"], row["chairs"], row["turnover_minutes"]) == (str(clinic.pk), 3, 15)
    assert row["capabilities"] == ["infusion"]


def test_a_member_of_staff_tells_roles_and_sites():
    clinic = site()
    nurse("Ines", clinic)
    [row] = listed(caller().get("staff"))
    assert (row["given_name"], row["roles"], row["sites"]) == (
        "Ines",
        ["monitoring_nurse"],
        [str(clinic.pk)],
    )


def test_a_protocol_tells_its_steps_with_their_minutes():
    protocol("aud-kare")
    [row] = listed(caller().get("protocols"))
    assert (row["key"], row["version"], row["reviewed"]) == ("aud-kare", 1, False)
    minutes = {step["key"]: step["minutes"] for step in row["steps"]}
    assert list(minutes) == [
        *("screening", "th1", "inf1", "th2", "inf2", "th3", "inf3", "th4", "th5", "th6", "th7")
    ]
    assert (minutes["screening"], minutes["inf1"], minutes["th1"]) == (90, 140, 90)


def test_a_protocol_is_listed_in_its_newest_version_until_it_is_retired():
    first = protocol("maintenance")
    protocol_version(first.definition, version=2)
    assert [row["version"] for row in listed(caller().get("protocols"))] == [2]
    Protocol.objects.update(retired=True)
    assert listed(caller().get("protocols")) == []


def test_rooms_and_staff_are_found_by_site():
    here, there = site("Here"), site("There")
    room("Room 1", here)
    room("Room 2", there)
    nurse("Ines", here)
    nurse("Noor", there)
    records = caller()
    assert [row["name"] for row in listed(records.get("rooms", site=here.pk))] == ["Room 1"]
    assert [row["given_name"] for row in listed(records.get("staff", site=there.pk))] == ["Noor"]


def test_a_client_of_one_site_sees_its_places_and_people_only():
    here, there = site("Here"), site("There")
    room("Room 1", here)
    room("Room 2", there)
    nurse("Ines", here)
    nurse("Noor", there)
    bound = caller(sites=[here])
    assert [row["name"] for row in listed(bound.get("sites"))] == ["Here"]
    assert [row["name"] for row in listed(bound.get("rooms"))] == ["Room 1"]
    assert [row["given_name"] for row in listed(bound.get("staff"))] == ["Ines"]
    assert bound.get("rooms", site=there.pk).status_code == 400


def test_somebody_at_two_sites_is_listed_once():
    here, there = site("Here"), site("There")
    nurse("Ines", here).sites.add(there)
    assert len(listed(caller(sites=[here, there]).get("staff"))) == 1


def test_lists_cost_a_fixed_number_of_queries(django_assert_max_num_queries):
    clinic = house()
    for number in range(30):
        nurse(f"Nurse{number}", clinic)
        room(f"Extra {number}", clinic)
    records = caller()
    for path in ("sites", "rooms", "staff", "protocols"):
        with django_assert_max_num_queries(4):
            records.get(path)


def test_cover_runs_from_midnight_to_midnight_without_a_gap():
    clinic = house()
    with time_machine.travel(NOW, tick=False):
        answer = caller().get("coverage", site=clinic.pk, date="2026-12-08")
    assert answer.status_code == 200, answer.content
    cover = answer.json()
    steps = cover["steps"]
    assert (cover["site"], cover["date"]) == (str(clinic.pk), "2026-12-08")
    assert steps[0]["starts_at"] == "2026-12-08T00:00:00-05:00"
    assert steps[-1]["ends_at"] == "2026-12-09T00:00:00-05:00"
    assert all(before["ends_at"] == after["starts_at"] for before, after in pairwise(steps))
    assert max(step["on"] for step in steps) == 8
    assert all(step["free"] == step["on"] - step["needed"] for step in steps)


def test_a_day_with_a_clock_change_has_both_offsets():
    clinic = house(weekdays=range(7))
    with time_machine.travel(NOW + timedelta(days=80), tick=False):
        cover = caller().get("coverage", site=clinic.pk, date="2027-03-14").json()
    assert cover["steps"][0]["starts_at"].endswith("-05:00")
    assert cover["steps"][-1]["ends_at"].endswith("-04:00")


@pytest.mark.parametrize("query", ["", "date=2026-12-08", "site=1", "site=99&date=2026-12-08"])
def test_cover_needs_a_site_and_a_date(query):
    answer = caller().browser.get(f"/api/v1/coverage?{query}")
    assert answer.status_code == 400
