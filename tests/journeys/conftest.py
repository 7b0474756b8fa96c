"""Journeys drive a real Chromium against a live server; every one of them uses the database."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests import browser

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
    return {**browser_context_args, "viewport": {"width": 1366, "height": 768}}
