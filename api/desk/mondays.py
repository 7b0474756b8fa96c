"""What every picture of a week knows of the weeks around it."""

from __future__ import annotations

from datetime import date, timedelta

WEEK = timedelta(days=7)


class FromMonday:
    """A week that begins on `monday`."""

    __slots__ = ()

    monday: date

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    @property
    def previous(self) -> date:
        return self.monday - WEEK

    @property
    def next(self) -> date:
        return self.monday + WEEK
