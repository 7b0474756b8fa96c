"""The command prints one line a violation and its exit code tells."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from scheduling.models import Claim
from scheduling.services.booking import book_series
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, token

pytestmark = pytest.mark.django_db


@pytest.fixture
def series():
    juniper, pia, kare = house(), patient("Pia"), protocol("aud-kare")
    return book_series(token=token(pia, kare, juniper, kare_times()), actor=DESK, now=NOW)


def test_a_clean_clinic_prints_that_and_ends_well(series):
    out = StringIO()
    call_command("audit_bookings", stdout=out)
    assert out.getvalue() == "0 violations, 0 warnings.\n"


def test_a_violation_is_one_line_and_the_exit_code_is_1(series):
    Claim.objects.filter(appointment__step="th1", role="patient").delete()
    out = StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("audit_bookings", stdout=out)
    assert ended.value.returncode == 1
    th1 = series.appointments.get(step="th1")
    assert (
        out.getvalue()
        .splitlines()[0]
        .startswith(f"violation patient_is_claimed appointment:{th1.pk} ")
    )


def test_a_warning_is_printed_and_does_not_change_the_exit_code(series):
    series.appointments.filter(step="th7").update(status="to_rebook")
    Claim.objects.filter(appointment__step="th7").delete()
    out = StringIO()
    call_command("audit_bookings", stdout=out)
    assert out.getvalue().splitlines()[0].startswith("warning to_rebook appointment:")


def test_json_holds_the_same(series):
    Claim.objects.filter(appointment__step="th1", role="patient").delete()
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("audit_bookings", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert [one["rule"] for one in told["violations"]] == ["patient_is_claimed"]
    assert told["warnings"] == []
