"""What was read has a tag: unchanged is 304, and a change to what somebody else changed is 412."""

import pytest
import time_machine

from scheduling.models import Appointment, StatusChange
from scheduling.services.booking import book_series
from tests.cast import DESK, MONDAY, NOW, at, house, kare_times, patient, protocol, token
from tests.doors.callers import caller
from tests.races.crowd import all_at_once

PIA = {"given_name": "Pia", "family_name": "Sample", "birth_date": "1980-02-29"}


@pytest.fixture
def monday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def visit(monday) -> Appointment:
    """Pia's screening."""
    proposal = token(patient("Pia"), protocol("aud-kare"), house(), kare_times())
    series = book_series(token=proposal, actor=DESK, now=NOW)
    return series.appointments.get(step="screening")


@pytest.mark.django_db
class TestOneAfterTheOther:
    def test_what_is_unchanged_is_not_sent_again(self, visit):
        records = caller()
        for path in (
            f"appointments/{visit.pk}",
            f"series/{visit.series_id}",
            f"patients/{visit.patient_id}",
        ):
            tag = records.get(path).headers["ETag"]
            again = records.get(path, unless=f'"other", W/{tag}')
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["ETag"] == tag

    def test_every_change_of_a_visit_makes_another_tag(self, visit):
        records, tags = caller(), []
        path = f"appointments/{visit.pk}"
        tags.append(records.get(path).headers["ETag"])
        confirmed = records.post(f"{path}/status", {"to": "confirmed"})
        tags.append(confirmed.headers["ETag"])
        assert records.get(path).headers["ETag"] == tags[-1]
        records.post(f"{path}/cancel", {"reason": "patient"})
        tags.append(records.get(path).headers["ETag"])
        assert len(set(tags)) == 3

    def test_a_change_to_what_was_changed_meanwhile_is_refused_and_nothing_is_lost(self, visit):
        one, other = caller("One"), caller("Other")
        path = f"appointments/{visit.pk}"
        tag = one.get(path).headers["ETag"]
        other.post(f"{path}/status", {"to": "confirmed"}, seen=tag)
        for act, body in (
            ("cancel", {"reason": "patient"}),
            ("status", {"to": "cancelled"}),
            ("move", {"starts_at": at(MONDAY, "15:00").isoformat()}),
        ):
            refused = one.post(f"{path}/{act}", body, seen=tag)
            assert refused.status_code == 412
            assert "Read it again" in refused.json()["detail"]
        stands = one.get(path)
        assert stands.json()["status"] == "confirmed"
        assert (
            one.post(f"{path}/cancel", {"reason": "patient"}, seen=stands.headers["ETag"]).json()[
                "status"
            ]
            == "cancelled"
        )

    def test_a_series_is_not_cancelled_by_who_has_not_seen_its_last_visit(self, visit):
        records = caller()
        path = f"series/{visit.series_id}"
        tag = records.get(path).headers["ETag"]
        records.post(f"appointments/{visit.pk}/status", {"to": "confirmed"})
        assert records.post(f"{path}/cancel", {"reason": "x"}, seen=tag).status_code == 412
        tag = records.get(path).headers["ETag"]
        assert records.post(f"{path}/cancel", {"reason": "x"}, seen=tag).status_code == 200

    def test_two_correct_a_patient_and_the_second_is_told(self, visit):
        records = caller()
        path = f"patients/{visit.patient_id}"
        tag = records.get(path).headers["ETag"]
        changed = records.patch(path, {"phone": "+16175550101"}, seen=tag)
        assert changed.headers["ETag"] == records.get(path).headers["ETag"]
        assert records.patch(path, {"phone": "+16175550102"}, seen=tag).status_code == 412
        assert records.patch(path, {"phone": "+16175550103"}, seen="*").status_code == 200

    def test_a_retry_gets_its_answer_though_its_tag_is_old_by_then(self, visit):
        records = caller()
        path = f"appointments/{visit.pk}"
        tag = records.get(path).headers["ETag"]
        first = records.post(f"{path}/cancel", {"reason": "x"}, seen=tag, key="k-1")
        again = records.post(f"{path}/cancel", {"reason": "x"}, seen=tag, key="k-1")
        assert (again.status_code, again.headers["ETag"]) == (200, first.headers["ETag"])

    @pytest.mark.parametrize("tag", ["abc", '"open', "1, 2"])
    def test_a_senseless_tag_is_refused_in_a_sentence(self, visit, tag):
        answer = caller().post(f"appointments/{visit.pk}/cancel", {"reason": "x"}, seen=tag)
        assert answer.status_code == 400
        assert "If-Match" in answer.json()["detail"]


@pytest.mark.django_db(transaction=True)
def test_two_integrators_change_one_visit_at_once_and_one_is_told(visit):
    one, other = caller("One"), caller("Other")
    path = f"appointments/{visit.pk}"
    tag = one.get(path).headers["ETag"]
    told = all_at_once(
        [
            lambda who=who: who.post(f"{path}/status", {"to": "confirmed"}, seen=tag).status_code
            for who in (one, other)
        ]
    )
    assert sorted(one.result for one in told) == [200, 412]
    assert StatusChange.objects.count() == 1
