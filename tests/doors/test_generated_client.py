"""A client generated from the published document books and reads; `make client` makes the same."""

import importlib
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import time_machine

from api.rest.docs import document
from api.tokens import issue_token
from scheduling.models import Series
from tests.cast import NOW, house, patient, protocol

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> str:
    """The name under which the generated client can be imported."""
    folder = tmp_path_factory.mktemp("client")
    schema = folder / "openapi.json"
    schema.write_bytes(document())
    command = [Path(sys.executable).parent / "openapi-python-client", "generate", "--meta", "none"]
    made = folder / "chairtime_client"
    subprocess.run(
        [*command, "--path", schema, "--output-path", made],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    sys.path.insert(0, str(folder))
    yield made.name
    sys.path.remove(str(folder))


@pytest.fixture
def records(package, live_server):
    """Calls an operation of the client by its folder and name."""
    with time_machine.travel(NOW, tick=True):
        issued = issue_token(name="Records", scopes=None, sites=None, now=NOW)
        clients = importlib.import_module(f"{package}.client")
        client = clients.AuthenticatedClient(base_url=live_server.url, token=issued.token)

        def call(folder: str, name: str, *args, **named):
            operation = importlib.import_module(f"{package}.api.{folder}.{name}")
            return operation.sync_detailed(*args, client=client, **named)

        with client:
            yield call


def test_a_generated_client_finds_a_series_books_it_once_and_is_told_of_a_lost_update(
    package, records
):
    models = importlib.import_module(f"{package}.models")
    clinic, pia = house(), patient("Pia")
    protocol("aud-kare")
    [site] = records("sites", "get_sites").parsed.results
    assert (site.id, site.time_zone) == (str(clinic.pk), "America/New_York")
    asked = models.ProposalsRequest(
        patient=str(pia.pk), protocol="aud-kare", site=site.id, not_before=date(2026, 12, 8)
    )
    found = records("proposals", "post_proposals", body=asked).parsed
    body = models.SeriesRequest(proposal=found.proposals[0].token)
    booked = records("series", "post_series", body=body, idempotency_key="k-1")
    again = records("series", "post_series", body=body, idempotency_key="k-1")
    assert (booked.status_code, booked.parsed) == (201, again.parsed)
    assert Series.objects.count() == 1
    visit = booked.parsed.appointments[0]
    read = records("appointments", "get_appointments_id", visit.id)
    confirm = models.StatusRequest(to=models.VisitStatus.CONFIRMED)
    for expected in (200, 412):
        told = records(
            "appointments",
            "post_appointments_id_status",
            visit.id,
            body=confirm,
            if_match=read.headers["ETag"],
        )
        assert told.status_code == expected
    assert told.parsed.title == "Somebody else changed it meanwhile"
