"""docker-compose.yml and the Dockerfile name things that exist."""

from __future__ import annotations

import re
import shutil
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

COMPOSE = yaml.safe_load((settings.BASE_DIR / "docker-compose.yml").read_text())
DOCKERFILE = (settings.BASE_DIR / "Dockerfile").read_text()
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}


def commands() -> list[list[str]]:
    """Every command line that runs in our image, the image's own first."""
    default = re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert default
    asked = [
        service["healthcheck"]["test"][1:] for service in OURS.values() if "healthcheck" in service
    ]
    told = [service["command"] for service in OURS.values() if "command" in service]
    return [yaml.safe_load(default[1]), *told, *asked]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_a_container_runs_a_program_that_exists(command: list[str]):
    scripts = sysconfig.get_path("scripts")
    assert shutil.which(command[0], path=scripts), command[0]
    if command[:2] == ["python", "manage.py"]:
        assert command[2] in get_commands()
    if command[:2] == ["python", "-m"]:
        assert find_spec(command[2])
    if command[0] == "gunicorn":
        assert find_spec(command[1])
    if command[0] == "celery":
        assert command[1:3] == ["--app", "config"]


def test_web_worker_and_beat_wait_for_the_migration_and_tell_their_health():
    assert set(OURS) == {"migrate", "web", "worker", "beat"}
    for name in ("web", "worker", "beat"):
        waits_for: dict[str, Any] = OURS[name]["depends_on"]
        assert waits_for["migrate"]["condition"] == "service_completed_successfully"
        assert OURS[name]["healthcheck"]["test"]
    assert OURS["migrate"]["depends_on"]["db"]["condition"] == "service_healthy"


def test_every_setting_of_a_container_is_one_that_the_settings_or_the_server_read():
    read = (settings.BASE_DIR / "config" / "settings.py").read_text()
    for name in OURS["web"]["environment"]:
        assert f'"{name}"' in read or name == "WEB_CONCURRENCY", name


def test_secrets_have_no_default():
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        text = (settings.BASE_DIR / "docker-compose.yml").read_text()
        assert f"${{{name}:?" in text
        assert f"${{{name}:-" not in text


def test_the_image_copies_only_what_it_needs():
    ignored = (settings.BASE_DIR / ".dockerignore").read_text().split()
    assert {".git", ".venv", "node_modules", "var", "tests"} <= set(ignored)
    assert all(Path(settings.BASE_DIR, folder).exists() for folder in ("locks", "manage.py"))
