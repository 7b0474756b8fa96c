"""What runs by the clock exists, and does not pile up while no worker runs."""

from __future__ import annotations

import pytest

from config.celery import app

ROWS = app.conf.beat_schedule


@pytest.mark.parametrize("name", ROWS)
def test_a_row_names_a_task_that_a_worker_knows(name: str):
    app.loader.import_default_modules()
    assert ROWS[name]["task"] in app.tasks


@pytest.mark.parametrize("name", ROWS)
def test_a_run_is_dropped_once_the_next_is_due(name: str):
    assert 0 < ROWS[name]["options"]["expires"] <= ROWS[name]["schedule"]
