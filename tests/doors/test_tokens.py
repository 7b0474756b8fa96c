import base64
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application

from api.models import Client as ApiClient
from api.permissions import SCOPES
from api.rate import SIGN_IN, ask
from clinic.models import Journal
from tests.cast import NOW, site
from tests.doors.callers import Caller, caller

pytestmark = pytest.mark.django_db


def issue(*arguments: str) -> list[str]:
    """The lines that `manage.py issue_token` prints."""
    printed = StringIO()
    call_command("issue_token", *arguments, stdout=printed)
    return printed.getvalue().splitlines()


def credentials(lines: list[str]) -> tuple[str, str]:
    """Client id and secret out of what was printed."""
    told = dict(line.split(": ", 1) for line in lines if ": " in line)
    return told["Client id, for /o/token/"], told["Client secret, shown this once"]


def ask_for_token(client_id: str, secret: str, **form: str):
    pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return Client().post(
        "/o/token/",
        {"grant_type": "client_credentials"} | form,
        headers={"Authorization": f"Basic {pair}"},
    )


def test_the_last_line_is_the_token_alone():
    token = issue("Records")[-1]
    assert Caller(token).get("sites").status_code == 200


def test_a_token_is_kept_as_a_hash_only():
    token = issue("Records")[-1]
    row = AccessToken.objects.get()
    assert row.token == ""
    assert token not in str(AccessToken.objects.values().get())


def test_without_scopes_a_token_has_every_scope_and_site():
    issue("Records")
    assert set(AccessToken.objects.get().scope.split()) == set(SCOPES)
    assert ApiClient.objects.get().every_site


def test_a_known_name_gets_a_further_token_and_keeps_the_first():
    first, second = issue("Records")[-1], issue("Records")[-1]
    assert first != second
    assert Application.objects.count() == 1
    assert Caller(first).get("sites").status_code == 200
    assert Caller(second).get("sites").status_code == 200


def test_a_token_opens_only_what_its_scopes_say():
    reader = Caller(issue("Board", "--scopes", "sites:read")[-1])
    assert reader.get("sites").status_code == 200
    refused = reader.get("patients")
    assert refused.status_code == 403
    assert refused["Content-Type"] == "application/problem+json"


def test_a_client_bound_to_a_site_sees_no_other():
    here, _there = site("Here"), site("There")
    bound = Caller(issue("Board", "--sites", str(here.pk))[-1])
    assert [row["id"] for row in bound.get("sites").json()["results"]] == [str(here.pk)]


@pytest.mark.parametrize(
    "arguments",
    [["x" * 101], [" "], ["Board", "--scopes", "everything"], ["Board", "--sites", "99"]],
)
def test_senseless_arguments_make_no_client(arguments):
    with pytest.raises(CommandError):
        issue(*arguments)
    assert not Application.objects.exists()


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer wrong", "Bearer é", "Basic YTpi", "Token x", "Bearer a b"]
)
def test_who_holds_no_token_is_told_how_to_send_one(header):
    answer = Client(headers={"Authorization": header}).get("/api/v1/sites")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_token_in_the_address_is_not_read():
    token = issue("Records")[-1]
    assert Client().get(f"/api/v1/sites?access_token={token}").status_code == 401


def test_an_expired_token_opens_nothing():
    token = issue("Records")[-1]
    AccessToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert Caller(token).get("sites").status_code == 401


def test_client_credentials_give_a_working_token():
    client_id, secret = credentials(issue("Records", "--scopes", "sites:read staff:read"))
    answer = ask_for_token(client_id, secret)
    assert answer.status_code == 200
    given = answer.json()
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 3600)
    assert set(given["scope"].split()) == {"sites:read", "staff:read"}
    assert Caller(given["access_token"]).get("staff").status_code == 200
    assert Caller(given["access_token"]).get("patients").status_code == 403


def test_client_credentials_can_ask_for_less():
    client_id, secret = credentials(issue("Records"))
    given = ask_for_token(client_id, secret, scope="sites:read").json()
    assert given["scope"] == "sites:read"


def test_client_credentials_cannot_ask_for_more():
    client_id, secret = credentials(issue("Records", "--scopes", "sites:read"))
    answer = ask_for_token(client_id, secret, scope="patients:read")
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_scope"


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"grant_type": "password", "username": "a", "password": "b"},
        {"grant_type": "client_credentials", "client_id": "a\x00b", "client_secret": "c"},
        {"grant_type": "client_credentials", "client_id": "nobody", "client_secret": "c"},
        {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x"},
    ],
)
def test_a_senseless_request_for_a_token_is_refused(form):
    assert Client().post("/o/token/", form).status_code in (400, 401)


def test_a_wrong_secret_gives_no_token():
    client_id, _ = credentials(issue("Records"))
    assert ask_for_token(client_id, "guess").status_code == 401


def test_guessing_secrets_is_slowed_down():
    client_id, _ = credentials(issue("Records"))
    with time_machine.travel(NOW, tick=False):
        for _ in range(SIGN_IN.burst - 1):
            ask(SIGN_IN, "127.0.0.1")
        answers = [ask_for_token(client_id, "guess").status_code for _ in range(2)]
    assert answers == [401, 429]


def test_a_client_keeps_its_rights_when_a_second_name_is_refused():
    caller("Records", scopes=["sites:read"])
    with pytest.raises(CommandError):
        issue("Records", "--scopes", "nonsense")
    assert ApiClient.objects.get().scopes == ["sites:read"]


def test_a_client_that_is_shut_out_loses_every_token_and_its_secret():
    lines = issue("Records")
    issue("Board")
    call_command("end_tokens", "Records", stdout=StringIO())
    assert Caller(lines[-1]).get("sites").status_code == 401
    assert ask_for_token(*credentials(lines)).status_code == 401
    assert AccessToken.objects.get().application.name == "Board"


def test_a_client_that_was_shut_out_can_be_let_in_again():
    issue("Records")
    call_command("end_tokens", "Records", stdout=StringIO())
    assert Caller(issue("Records")[-1]).get("sites").status_code == 200


def test_nobody_is_shut_out_by_a_wrong_name():
    issue("Records")
    with pytest.raises(CommandError):
        call_command("end_tokens", "Record")
    assert AccessToken.objects.count() == 1


def test_the_journal_tells_who_was_let_in_and_shut_out():
    token = issue("Records", "--scopes", "sites:read")[-1]
    call_command("end_tokens", "Records", stdout=StringIO())
    issued, ended = Journal.objects.order_by("id")
    assert (issued.action, issued.after["scopes"]) == ("token.issued", ["sites:read"])
    assert (ended.action, ended.before["tokens"]) == ("tokens.ended", 1)
    assert token not in str(issued.after)
