from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.test import Client as Browser

from clinic.models import Journal
from scheduling.models import Appointment, Claim, Hold, Series
from tests.cast import NOW, house, patient, protocol, room, site, therapist
from tests.doors.callers import Caller, caller

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _monday_morning():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    protocol("aud-kare")
    return house()


@pytest.fixture
def pia(clinic):
    return patient("Pia", home_site=clinic)


def wanted(clinic, who, **more) -> dict:
    return {
        "patient": str(who.pk),
        "protocol": "aud-kare",
        "site": str(clinic.pk),
        "not_before": "2026-12-08",
    } | more


def propose(records: Caller, clinic, who, **more) -> list[dict]:
    return records.post("proposals", wanted(clinic, who, **more)).json()["proposals"]


def book(records: Caller, clinic, who) -> dict:
    token = propose(records, clinic, who)[0]["token"]
    answer = records.post("series", {"proposal": token})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_proposal_is_the_whole_series(clinic, pia):
    offered = propose(caller(), clinic, pia)[0]
    steps = {visit["step"] for visit in offered["appointments"]}
    assert steps == {"screening", *(f"th{n}" for n in range(1, 8)), "inf1", "inf2", "inf3"}
    starts = [visit["starts_at"] for visit in offered["appointments"]]
    assert starts == sorted(starts)
    assert offered["reasons"]


def test_times_carry_the_offset_of_the_site(clinic, pia):
    offered = propose(caller(), clinic, pia)[0]
    assert offered["expires_at"] == "2026-12-07T07:30:00-05:00"
    assert all(visit["starts_at"].endswith("-05:00") for visit in offered["appointments"])


def test_a_site_at_greenwich_says_plus_zero_and_never_z():
    protocol("maintenance")
    london = house(time_zone="Europe/London")
    who = patient("Pia")
    answer = caller().post("proposals", wanted(london, who, protocol="maintenance"))
    assert answer.json()["proposals"][0]["expires_at"].endswith("+00:00")
    assert "Z" not in str([p["appointments"] for p in answer.json()["proposals"]])


def test_an_infusion_names_its_room_and_its_nurse_phase_by_phase(clinic, pia):
    offered = propose(caller(), clinic, pia)[0]
    [infusion] = [visit for visit in offered["appointments"] if visit["step"] == "inf1"]
    phases = {phase["name"]: phase["claims"] for phase in infusion["phases"]}
    assert phases["arrive"] == []
    [bed, nurse] = phases["prep"]
    assert (bed["kind"], "role" in bed, bed["lanes"]) == ("room", False, [0])
    assert (nurse["kind"], nurse["role"], len(nurse["lanes"])) == ("staff", "monitoring_nurse", 4)
    assert [len(c["lanes"]) for c in phases["infuse"] if c["kind"] == "staff"] == [2]


def test_a_proposal_is_booked_as_it_was_shown(clinic, pia):
    records = caller()
    offered = propose(records, clinic, pia)[0]
    answer = records.post("series", {"proposal": offered["token"]})
    assert answer.status_code == 201
    booked = answer.json()
    assert answer["Location"] == f"/api/v1/series/{booked['id']}"
    assert (booked["patient"], booked["protocol"], booked["status"]) == (
        str(pia.pk),
        "aud-kare",
        "active",
    )
    times = [(visit["step"], visit["starts_at"]) for visit in booked["appointments"]]
    assert times == [(visit["step"], visit["starts_at"]) for visit in offered["appointments"]]
    assert records.get(f"series/{booked['id']}").json() == booked


def test_the_journal_tells_which_program_booked(clinic, pia):
    book(caller("Intake form"), clinic, pia)
    row = Journal.objects.get(action="series.booked")
    assert (row.actor, row.door) == ("Intake form", "rest")


def test_a_place_taken_meanwhile_is_a_conflict_and_nothing_is_saved(clinic, pia):
    records = caller()
    token = propose(records, clinic, pia)[0]["token"]
    assert records.post("series", {"proposal": token}).status_code == 201
    answer = records.post("series", {"proposal": token})
    assert answer.status_code == 409
    refusals = answer.json()["refusals"]
    assert refusals
    assert all({"rule", "subject", "message"} <= set(refusal) for refusal in refusals)
    assert Series.objects.count() == 1


@pytest.mark.parametrize("forged", ["nonsense", "a.b", "é", "x" * 5000, "::::"])
def test_a_forged_proposal_is_unknown(clinic, forged):
    answer = caller().post("series", {"proposal": forged})
    assert answer.status_code == 422
    assert [refusal["rule"] for refusal in answer.json()["refusals"]] == ["proposal_unknown"]


def test_an_altered_proposal_is_unknown(clinic, pia):
    records = caller()
    token = propose(records, clinic, pia)[0]["token"]
    answer = records.post("series", {"proposal": token[:-1] + ("A" if token[-1] != "A" else "B")})
    assert answer.status_code == 422
    assert answer.json()["refusals"][0]["rule"] == "proposal_unknown"


def test_a_proposal_expires_after_thirty_minutes(clinic, pia):
    records = caller()
    token = propose(records, clinic, pia)[0]["token"]
    with time_machine.travel(NOW + timedelta(minutes=30), tick=False):
        for answer in (
            records.post("series", {"proposal": token}),
            records.post(f"proposals/{token}/hold"),
        ):
            assert answer.status_code == 422
            assert answer.json()["refusals"][0]["rule"] == "proposal_expired"


def test_proposing_can_hold_the_first(clinic, pia):
    records = caller()
    first, *others = propose(records, clinic, pia, hold=True)
    assert first["held_until"] == "2026-12-07T07:15:00-05:00"
    assert all("held_until" not in other for other in others)
    assert Hold.objects.get().patient == pia


def test_a_hold_moves_to_another_proposal_of_the_set(clinic, pia):
    records = caller()
    offered = propose(records, clinic, pia, hold=True)
    before = set(Claim.objects.values_list("start_minute", "resource"))
    answer = records.post(f"proposals/{offered[-1]['token']}/hold")
    assert answer.status_code == 200
    assert answer.json()["expires_at"] == "2026-12-07T07:15:00-05:00"
    assert Hold.objects.count() == 1
    assert set(Claim.objects.values_list("start_minute", "resource")) != before


def test_booking_consumes_the_hold(clinic, pia):
    records = caller()
    token = propose(records, clinic, pia, hold=True)[0]["token"]
    assert records.post("series", {"proposal": token}).status_code == 201
    assert not Hold.objects.exists()


def test_a_held_proposal_is_not_offered_to_somebody_else(clinic, pia):
    records, per = caller(), patient("Per", home_site=clinic)
    held = propose(records, clinic, pia, hold=True)[0]
    other = propose(records, clinic, per, limit=1)[0]
    assert records.post("series", {"proposal": other["token"]}).status_code == 201
    assert records.post("series", {"proposal": held["token"]}).status_code == 201


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limit", 0),
        ("limit", 11),
        ("limit", "3"),
        ("limit", 2.5),
        ("not_before", "08.12.2026"),
        ("not_before", "2026-02-30"),
        ("not_before", 20261208),
        ("not_after", "soon"),
        ("hold", "true"),
        ("patient", 7),
        ("patient", None),
        ("preferences", []),
        ("preferences", {"weekdays": ["monday"]}),
        ("preferences", {"weekdays": "mon"}),
        ("preferences", {"earliest": "9"}),
        ("preferences", {"earliest": "24:00"}),
        ("preferences", {"earliest": "17:00", "latest": "09:00"}),
        ("preferences", {"staff": [1]}),
        ("preferences", {"colour": "green"}),
        ("completed", {"screening": "yesterday"}),
        ("completed", ["screening"]),
        ("colour", "green"),
    ],
)
def test_a_malformed_wish_is_told(clinic, pia, field, value):
    answer = caller().post("proposals", wanted(clinic, pia) | {field: value})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith(field)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("patient", "987654321"),
        ("patient", "9" * 30),
        ("patient", "Pia"),
        ("protocol", "cupping"),
        ("site", "0"),
        ("preferences", {"staff": ["987654321"]}),
        ("completed", {"inf9": "2026-12-01"}),
        ("completed", {"screening": "2026-12-20"}),
    ],
)
def test_a_wish_that_names_something_unknown_is_refused_by_name(clinic, pia, field, value):
    answer = caller().post("proposals", wanted(clinic, pia) | {field: value})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith(field)


@pytest.mark.parametrize(
    "dates",
    [
        {"not_before": "2026-12-06"},
        {"not_before": "2028-06-01"},
        {"not_before": "2026-12-10", "not_after": "2026-12-09"},
    ],
)
def test_impossible_dates_are_refused_by_a_rule(clinic, pia, dates):
    answer = caller().post("proposals", wanted(clinic, pia) | dates)
    assert answer.status_code == 422
    assert answer.json()["refusals"][0]["rule"]


def test_a_series_with_every_step_completed_is_refused_by_a_rule(pia, clinic):
    protocol("maintenance")
    wish = wanted(clinic, pia, protocol="maintenance", completed={"inf1": "2026-12-01"})
    answer = caller().post("proposals", wish)
    assert answer.status_code == 422
    assert answer.json()["refusals"][0]["rule"] == "something_is_left"


def test_a_last_day_in_the_next_century_costs_no_more_than_one_far_ahead(
    clinic, pia, django_assert_max_num_queries
):
    records = caller()
    with django_assert_max_num_queries(400):  # ten a month of facts that are read for once
        assert propose(records, clinic, pia, not_after="2199-12-31")


def test_today_is_not_the_past(clinic, pia):
    answer = caller().post("proposals", wanted(clinic, pia, not_before="2026-12-07"))
    assert answer.status_code == 200


def test_preferences_are_kept(clinic, pia):
    people = {row["given_name"]: row["id"] for row in caller().get("staff").json()["results"]}
    offers = propose(
        caller(),
        clinic,
        pia,
        preferences={
            "weekdays": ["tue", "wed", "thu"],
            "earliest": "10:00",
            "latest": "16:00",
            "staff": [people["Theo"]],
        },
    )
    assert offers
    for visit in [visit for offer in offers for visit in offer["appointments"]]:
        claims = [claim for phase in visit["phases"] for claim in phase["claims"]]
        therapists = {c["resource"] for c in claims if c.get("role") == "therapist"}
        assert therapists <= {people["Theo"]}
        assert visit["starts_at"][11:16] >= "10:00"
        assert visit["ends_at"][11:16] <= "16:00"
        assert date.fromisoformat(visit["starts_at"][:10]).weekday() in (1, 2, 3)


def test_nothing_starts_before_the_first_day_wished_for(clinic, pia):
    for offer in propose(caller(), clinic, pia, not_before="2026-12-16"):
        assert offer["appointments"][0]["starts_at"] >= "2026-12-16"


def test_completed_steps_are_not_planned(clinic, pia):
    offered = propose(caller(), clinic, pia, completed={"screening": "2026-12-01"})[0]
    assert "screening" not in {visit["step"] for visit in offered["appointments"]}


def test_at_most_as_many_proposals_as_asked_for(clinic, pia):
    assert len(propose(caller(), clinic, pia, limit=1)) == 1


def test_proposals_are_best_first(clinic, pia):
    scores = [offer["score"] for offer in propose(caller(), clinic, pia, limit=5)]
    assert scores == sorted(scores)


def test_where_nothing_fits_the_blocker_is_named():
    protocol("aud-kare")
    bare = site()
    room("Room 1", bare)
    answer = caller().post("proposals", wanted(bare, patient("Pia")))
    assert answer.status_code == 200
    assert answer.json()["proposals"] == []
    [blocked, *_] = answer.json()["blocked_by"]
    assert "step" in blocked
    assert blocked["rule"]
    assert blocked["message"]


def test_a_series_is_listed_for_its_patient(clinic, pia):
    records, per = caller(), patient("Per")
    booked = book(records, clinic, pia)
    assert [row["id"] for row in records.get("series", patient=pia.pk).json()["results"]] == [
        booked["id"]
    ]
    assert records.get("series", patient=per.pk).json()["results"] == []


def test_cancelling_a_series_frees_everything(clinic, pia):
    records = caller()
    booked = book(records, clinic, pia)
    answer = records.post(f"series/{booked['id']}/cancel", {"reason": "moves away"})
    assert answer.status_code == 200
    assert answer.json()["status"] == "cancelled"
    assert {visit["status"] for visit in answer.json()["appointments"]} == {"cancelled"}
    assert not Claim.objects.exists()


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "x" * 201}, {"reason": 5}, {"reason": "a", "why": "b"}]
)
def test_cancelling_needs_a_reason(clinic, pia, body):
    records = caller()
    booked = book(records, clinic, pia)
    assert records.post(f"series/{booked['id']}/cancel", body).status_code == 400
    assert Series.objects.get().status == "active"


def test_a_client_of_another_site_reaches_nothing_of_this_one(clinic, pia):
    records, elsewhere = caller(), site("Elsewhere")
    booked = book(records, clinic, pia)
    token = propose(records, clinic, pia, not_before="2027-02-01")[0]["token"]
    foreign = caller("Elsewhere", sites=[elsewhere])
    assert foreign.get("series").json()["results"] == []
    assert foreign.get(f"series/{booked['id']}").status_code == 404
    assert foreign.post(f"series/{booked['id']}/cancel", {"reason": "x"}).status_code == 404
    assert foreign.post("series", {"proposal": token}).status_code == 403
    assert foreign.post(f"proposals/{token}/hold").status_code == 403
    assert foreign.post("proposals", wanted(clinic, pia)).status_code == 403
    assert foreign.post("proposals", wanted(elsewhere, pia)).status_code == 422
    assert Series.objects.filter(status="active").count() == 1


def test_one_key_books_one_series(clinic, pia):
    records = caller()
    token = propose(records, clinic, pia)[0]["token"]
    first = records.post("series", {"proposal": token}, key="book-1")
    again = records.post("series", {"proposal": token}, key="book-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert Appointment.objects.count() == 11


def test_no_token_no_series(clinic):
    assert Browser().post("/api/v1/series").status_code == 401


def test_proposing_costs_at_most_twelve_queries_once_the_facts_are_known(
    clinic, pia, django_assert_max_num_queries
):
    records = caller()
    propose(records, clinic, pia)
    with django_assert_max_num_queries(12):
        propose(records, clinic, pia)


def test_reading_a_series_costs_a_fixed_number_of_queries(
    clinic, pia, django_assert_max_num_queries
):
    records = caller()
    booked = book(records, clinic, pia)
    with django_assert_max_num_queries(7):
        records.get(f"series/{booked['id']}")


def test_a_series_keeps_its_clock_time_through_the_end_of_summer_time(clinic):
    with time_machine.travel(datetime(2027, 10, 18, 11, tzinfo=NOW.tzinfo), tick=False):
        who = patient("Per", home_site=clinic)
        offered = propose(caller(), clinic, who, not_before=date(2027, 10, 19).isoformat())[0]
    offsets = {visit["starts_at"][-6:] for visit in offered["appointments"]}
    assert offsets == {"-04:00", "-05:00"}
    hours = {visit["starts_at"][11:13] for visit in offered["appointments"]}
    assert hours <= {f"{hour:02}" for hour in range(8, 18)}


def test_a_therapist_of_another_site_is_unknown_here(clinic, pia):
    other = therapist("Tess", site("Elsewhere"))
    answer = caller().post("proposals", wanted(clinic, pia, preferences={"staff": [str(other.pk)]}))
    assert answer.status_code == 422


def test_a_series_whose_protocol_goes_on_is_extended_and_others_say_why_not(clinic, pia):
    protocol("esketamine-rems")
    records = caller()
    [proposal, *_] = propose(records, clinic, pia, protocol="esketamine-rems")
    made = records.post("series", {"proposal": proposal["token"]}).json()
    answer = records.post(f"series/{made['id']}/extend", {"visits": 2})
    assert answer.status_code == 201, answer.content
    steps = [visit["step"] for visit in answer.json()["appointments"]]
    assert steps[-3:] == ["visit12", "visit13", "visit14"]
    assert records.post(f"series/{made['id']}/extend", {"visits": 13}).status_code == 400
    kare = book(records, clinic, patient("Olga", home_site=clinic))
    no = records.post(f"series/{kare['id']}/extend", {})
    assert no.status_code == 422
    assert no.json()["refusals"][0]["rule"] == "series_goes_on"
