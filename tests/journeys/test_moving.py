"""Infusion 2 moved a day: by dragging and by the keyboard, seen first, taken back whole."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from scheduling.audit import violations
from scheduling.models import ProtocolVersion, Series
from scheduling.services.booking import book_series
from tests.cast import DESK, NOW, patient, token
from tests.services.test_moving import D0, the, times, tuesdays

DAY = timedelta(days=1)
INF2 = D0 + 7 * DAY


@pytest.fixture
def series(clinic) -> Series:
    kare = ProtocolVersion.objects.get(protocol__key="aud-kare")
    proposal = token(patient("Pia"), kare, clinic, tuesdays())
    return book_series(token=proposal, actor=DESK, now=NOW)


@pytest.fixture
def board(desk: Page, live_server, clinic, series) -> Page:
    desk.goto(f"{live_server.url}/sites/{clinic.pk}/day/{INF2}")
    expect(desk.locator(".block", has_text="Pia")).to_be_visible()
    return desk


def changed(page: Page) -> list[str]:
    return page.locator(".move-rows tbody .of-name").all_inner_texts()


def test_a_visit_dragged_to_the_next_day_takes_along_what_must_follow_and_comes_back(board, series):
    before = times(series)
    block = board.locator(".block", has_text="Pia")
    box = block.bounding_box()
    board.mouse.move(box["x"] + 20, box["y"] + 20)
    board.mouse.down()
    board.mouse.move(box["x"] + 24, box["y"] + 60, steps=4)
    tomorrow = board.locator(".drop-day", has_text="Wed 13 Jan")
    expect(tomorrow).to_be_visible()
    place = tomorrow.bounding_box()
    board.mouse.move(place["x"] + 12, place["y"] + 12, steps=4)
    board.mouse.up()

    expect(board.get_by_role("button", name="Move 2 visits")).to_be_enabled()
    assert [name.strip() for name in changed(board)] == ["Infusion 2", "Therapy 3"]
    assert times(series) == before
    board.get_by_role("button", name="Move 2 visits").click()
    expect(board.get_by_text("Moved: Infusion 2, now Wed 13 Jan 09:00.")).to_be_visible()
    assert times(series)["inf2"] == before["inf2"] + DAY
    assert [one for one in violations(now=NOW) if one.severity == "violation"] == []
    board.keyboard.press("u")
    expect(board.locator(".block", has_text="Pia")).to_be_visible()
    assert times(series) == before


def test_by_keyboard_a_day_outside_the_window_is_refused_with_the_nearest(board, series):
    board.locator(".block", has_text="Pia").focus()
    board.keyboard.press("m")
    day = board.get_by_label("Day", exact=True)
    expect(day).to_be_visible()
    day.fill(f"{INF2 + 3 * DAY}")
    expect(board.get_by_text("outside its window")).to_be_visible()
    nearest = board.get_by_role("button", name="Wed 13 Jan 09:00", exact=True).last
    nearest.focus()
    board.keyboard.press("Enter")
    go = board.get_by_role("button", name="Move 2 visits")
    expect(go).to_be_enabled()
    go.focus()
    board.keyboard.press("Enter")
    expect(board.get_by_text("Moved: Infusion 2, now Wed 13 Jan 09:00.")).to_be_visible()
    assert the(series, "inf2").starts_at.date() == INF2 + DAY
