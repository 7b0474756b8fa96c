import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from api.models import KeptAnswer
from api.once import forget_kept_answers
from api.rate import Limit
from clinic.models import Patient
from clinic.services.patients import create_patient
from scheduling.models import Appointment
from tests.cast import MONDAY, NOW, at, house, patient, protocol
from tests.doors.callers import caller

PIA = {"given_name": "Pia", "family_name": "Sample", "birth_date": "1980-02-29"}
PER = PIA | {"given_name": "Per"}


@pytest.mark.django_db
class TestOneAfterTheOther:
    def test_the_same_key_and_body_get_the_same_answer(self):
        records = caller()
        first = records.post("patients", PIA, key="k-1")
        again = records.post("patients", PIA, key="k-1")
        assert Patient.objects.count() == 1
        assert (again.status_code, again.json()) == (first.status_code, first.json())
        assert again["Location"] == first["Location"]
        assert again["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first

    def test_a_body_written_in_another_order_is_the_same(self):
        records = caller()
        records.post("patients", PIA, key="k-1")
        records.post("patients", dict(reversed(PIA.items())), key="k-1")
        assert Patient.objects.count() == 1

    def test_a_key_may_come_in_the_quotes_of_the_draft(self):
        records = caller()
        records.post("patients", PIA, key='"k-1"')
        records.post("patients", PIA, key="k-1")
        assert Patient.objects.count() == 1

    def test_another_body_with_the_key_is_refused(self):
        records = caller()
        records.post("patients", PIA, key="k-1")
        refused = records.post("patients", PER, key="k-1")
        assert refused.status_code == 422
        assert refused.json()["type"] == "urn:chairtime:problem:key-reused"
        assert Patient.objects.count() == 1

    def test_another_address_with_the_key_is_refused(self):
        records, pia = caller(), patient()
        records.post("patients", PIA, key="k-1")
        assert records.post(f"series/{pia.pk}/cancel", PIA, key="k-1").status_code == 422

    def test_two_clients_may_use_the_same_key(self):
        caller("One").post("patients", PIA, key="k-1")
        caller("Two").post("patients", PER, key="k-1")
        assert Patient.objects.count() == 2

    def test_without_a_key_twice_is_twice(self):
        records = caller()
        records.post("patients", PIA)
        records.post("patients", PIA)
        assert Patient.objects.count() == 2

    def test_a_refusal_is_repeated_as_it_was(self):
        patient("Pia", mrn="A-1")
        records = caller()
        first = records.post("patients", PIA | {"mrn": "A-1"}, key="k-1")
        Patient.objects.all().delete()
        again = records.post("patients", PIA | {"mrn": "A-1"}, key="k-1")
        assert (first.status_code, again.status_code) == (409, 409)
        assert again["Content-Type"] == "application/problem+json"
        assert again.json() == first.json()

    def test_a_failure_of_ours_leaves_the_key_free(self, monkeypatch):
        def fail(**facts):
            raise RuntimeError

        records = caller()
        records.browser.raise_request_exception = False
        with monkeypatch.context() as patched:
            patched.setattr("api.rest.patients.create_patient", fail)
            assert records.post("patients", PIA, key="k-1").status_code == 500
        assert records.post("patients", PIA, key="k-1").status_code == 201

    @pytest.mark.parametrize("key", ["k" * 256, "naïve", '""'])
    def test_a_senseless_key_is_malformed(self, key):
        assert caller().post("patients", PIA, key=key).status_code == 400

    def test_a_kept_answer_cannot_be_read_without_its_key(self):
        caller().post("patients", PIA, key="k-1")
        row = KeptAnswer.objects.values().get()
        assert b"Pia" not in bytes(row["sealed"])
        assert "k-1" not in str(row)

    def test_an_answer_older_than_a_day_is_forgotten(self):
        records = caller()
        records.post("patients", PIA, key="k-1")
        forget_kept_answers(now=timezone.now() + timedelta(hours=23))
        assert KeptAnswer.objects.exists()
        forget_kept_answers(now=timezone.now() + timedelta(hours=24))
        assert not KeptAnswer.objects.exists()

    def test_a_key_older_than_a_day_is_fresh_even_before_it_is_forgotten(self):
        records = caller()
        records.post("patients", PIA, key="k-1")
        KeptAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
        assert records.post("patients", PER, key="k-1").status_code == 201

    def test_a_search_is_not_kept(self):
        caller().post("patients/search", {"q": "pia"}, key="k-1")
        assert not KeptAnswer.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestAtTheSameTime:
    def test_a_twin_waits_and_gets_the_same_answer(self, monkeypatch):
        begun, go_on = Event(), Event()

        def slowly(**facts):
            begun.set()
            assert go_on.wait(20)
            return create_patient(**facts)

        monkeypatch.setattr("api.rest.patients.create_patient", slowly)
        records = caller()

        def add() -> tuple[int, dict]:
            try:
                answer = records.post("patients", PIA, key="k-1")
                return answer.status_code, answer.json()
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(add)
            assert begun.wait(20)
            twin = pool.submit(add)
            assert not twin.done()
            go_on.set()
            assert twin.result(30) == first.result(30)
        assert first.result()[0] == 201
        assert Patient.objects.count() == 1

    def test_eight_at_once_add_one_patient(self):
        records = caller()

        def add(_: int) -> dict:
            try:
                return records.post("patients", PIA, key="k-1").json()
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(add, range(8)))
        assert Patient.objects.count() == 1
        assert all(answer == answers[0] for answer in answers)

    def test_a_thousand_retries_make_one_booking(self, monkeypatch):
        monkeypatch.setattr("api.rate.PER_CLIENT", Limit("retries", rate=5000, burst=5000))
        booked = {
            "patient": str(patient("Pia").pk),
            "site": str(house().pk),
            "step": f"{protocol('maintenance').protocol.key}/inf1",
            "starts_at": at(MONDAY, "09:00").isoformat(),
        }
        records = caller()
        body = json.dumps(booked)

        def book(_: int) -> list[tuple[int, str]]:
            try:
                answers = [
                    records.browser.post(
                        "/api/v1/appointments",
                        body,
                        content_type="application/json",
                        headers={"Idempotency-Key": "k-1"},
                    )
                    for _ in range(125)
                ]
                return [(answer.status_code, answer.json()["id"]) for answer in answers]
            finally:
                connection.close()

        with time_machine.travel(NOW, tick=False), ThreadPoolExecutor(8) as pool:
            told = [answer for answers in pool.map(book, range(8)) for answer in answers]
        assert len(told) == 1000
        assert set(told) == {(201, str(Appointment.objects.get().pk))}

    def test_a_first_request_that_does_not_end_is_told_to_its_twin(self, monkeypatch):
        begun, go_on = Event(), Event()

        def slowly(**facts):
            begun.set()
            assert go_on.wait(20)
            return create_patient(**facts)

        monkeypatch.setattr("api.rest.patients.create_patient", slowly)
        monkeypatch.setattr("api.once.PATIENCE_SECONDS", 0.2)
        records = caller()

        def add() -> HttpResponse:
            try:
                return records.post("patients", PIA, key="k-1")
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(add)
            assert begun.wait(20)
            twin = pool.submit(add).result(20)
            go_on.set()
            assert first.result(30).status_code == 201
        assert twin.status_code == 409
        assert twin["Retry-After"] == "2"
        assert records.post("patients", PIA, key="k-1").json() == first.result().json()
