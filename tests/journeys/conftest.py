"""Journeys drive a real Chromium against a live server; every one of them uses the database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response
from pytest_django.live_server_helper import LiveServer

from clinic.models import Grant, Site, Staff, User
from tests import browser
from tests.cast import NOW, house, protocol

# Playwright's event loop lives in the thread of the test, where Django then refuses the ORM.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_type_launch_args,
        "executable_path": browser.find(),
        "args": list(browser.FLAGS),
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "viewport": {"width": 1366, "height": 768},
        "reduced_motion": "reduce",
    }


@pytest.fixture(autouse=True)
def monday_morning() -> Iterator[None]:
    """It is `NOW`, and time goes on from there."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def clinic(live_server: LiveServer) -> Site:
    """Juniper House, with the protocols of most journeys."""
    made = house()
    for key in ("aud-kare", "maintenance"):
        protocol(key)
    return made


@pytest.fixture
def enter(clinic: Site, live_server: LiveServer, context: BrowserContext) -> Callable[[str], Page]:
    """Signs somebody of a role in and gives them an empty page."""
    context.set_default_timeout(10_000)

    def signed_in(role: str) -> Page:
        user = somebody(role)
        client = Client()
        client.force_login(user)
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        return context.new_page()

    return signed_in


@pytest.fixture(autouse=True)
def no_complaint(context: BrowserContext) -> Iterator[None]:
    """No journey leaves an error on the console, a request that failed, or a report of the CSP."""
    complaints: list[str] = []
    context.on("weberror", lambda one: complaints.append(f"thrown: {one.error}"))
    context.on("console", lambda message: complaints.extend(said(message)))
    context.on("requestfailed", lambda request: complaints.extend(lost(request)))
    context.on("response", lambda response: complaints.extend(refused(response)))
    yield
    assert complaints == [], "the page complained"


@pytest.fixture
def desk(enter: Callable[[str], Page]) -> Page:
    """Dora's browser at the front desk."""
    return enter("front_desk")


def somebody(role: str) -> User:
    user = User.objects.create_user(
        username=role, email=f"{role}@clinic.example", first_name="Dora", last_name="Desk"
    )
    Grant.objects.create(user=user, role=role)
    if role == Grant.Role.THERAPIST:
        Staff.objects.filter(given_name="Ana").update(user=user)
    return user


def said(message: ConsoleMessage) -> list[str]:
    """Errors, and what the content security policy reports; answers are judged by `refused`."""
    if message.text.startswith("Failed to load resource"):
        return []
    wrong = message.type == "error" or "Content Security Policy" in message.text
    return [f"console: {message.text}"] if wrong else []


def lost(request: Request) -> list[str]:
    """A request without an answer; one given up because its page was left is none."""
    return [] if "ERR_ABORTED" in (request.failure or "") else [f"no answer: {request.url}"]


def refused(response: Response) -> list[str]:
    """An error that is neither a form's answer nor a page that the journey asked to be refused."""
    form = response.status in (400, 409, 422)
    page = response.status in (403, 404) and response.request.is_navigation_request()
    if response.status < 400 or form or page:
        return []
    return [f"{response.status}: {response.request.method} {response.url}"]
