import pytest
from django.db import connection
from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_process_is_alive():
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


def test_ready_means_all_it_needs_is_reachable():
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "checks": {"database": "ok", "migrations": "ok", "cache": "ok", "broker": "ok"},
    }


def test_a_broker_out_of_reach_is_told_without_its_address(settings, monkeypatch):
    def refuse(*args, **kwargs):
        raise ConnectionRefusedError("amqp://user:swordfish@broker")

    monkeypatch.setattr("kombu.Connection.ensure_connection", refuse)
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["broker"] == "failed: ConnectionRefusedError"
    assert b"swordfish" not in answer.content


def test_a_cache_that_keeps_nothing_is_told(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["cache"] == "nothing kept"


def test_a_migration_not_applied_is_told():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'api'")
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert "not applied" in answer.json()["checks"]["migrations"]


def test_alive_even_when_not_ready(monkeypatch):
    monkeypatch.setattr("kombu.Connection.ensure_connection", lambda *a, **k: 1 / 0)
    assert Client().get("/healthz").status_code == 200
