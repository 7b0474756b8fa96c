"""The query behind a figure, as text that runs on the clinic's own database and gives the same.

A query is written once. `:site`, `:from`, `:to` and their kin are filled in; so are `:times` and
`:chairs`, parts that several share. MINUTES(a, b), the minutes from one moment to another, is
written as the database in use says it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from textwrap import dedent

from django.db import connection

from clinic.models import Site
from clinic.selectors import range_of
from clinic.spans import at, moment

_TIMES = """
    WITH times AS (
      SELECT appointment_id,
             MIN(CASE WHEN "to" = 'arrived' THEN at END) AS arrived,
             MIN(CASE WHEN "to" IN ('in_prep', 'infusing', 'in_session') THEN at END) AS began,
             MAX(CASE WHEN "to" = 'discharged' THEN at END) AS ended
      FROM scheduling_statuschange
      WHERE NOT taken_back
      GROUP BY appointment_id
    )"""
"""`:times`, the actual times of every visit; steps that were taken back do not count."""

_CHAIRS = """
    SELECT resource_id FROM clinic_room
    WHERE site_id = :site AND active AND CAST(capabilities AS text) LIKE '%"infusion"%'"""
"""`:chairs`, the rooms with infusion chairs, for use inside IN (...)."""

_MINUTES = re.compile(r"MINUTES\(([\w.]+), ([\w.]+)\)")
_NAMES = re.compile(r"(?<![:\w]):(\w+)")


@dataclass(frozen=True, slots=True)
class Query:
    """What is counted, in words and in SQL."""

    counts: str
    sql: str

    def written(self, *, site: Site, first: date, last: date, now: datetime) -> str:
        """The SQL for a site and its dates, ready to run as it stands."""
        start, end = range_of(site, first, last)
        midnight = at(now.astimezone(site.zone).date(), time(0), site.zone)
        values = {
            "site": str(site.pk),
            "from": _instant(moment(start)),
            "to": _instant(moment(end)),
            "from_minute": str(start),
            "to_minute": str(end),
            "now": _instant(now),
            "midnight": _instant(moment(midnight)),
            "midnight_minute": str(midnight),
            "first": f"'{first.isoformat()}'",
            "last": f"'{last.isoformat()}'",
            "today": f"'{now.astimezone(site.zone).date().isoformat()}'",
        }
        whole = dedent(self.sql).strip()
        whole = whole.replace(":times", dedent(_TIMES).strip()).replace(":chairs", dedent(_CHAIRS))
        text = _MINUTES.sub(_between, whole)
        return _NAMES.sub(lambda name: values[name[1]], text)


def _instant(value: datetime) -> str:
    """A moment in UTC, as the database compares it with its own."""
    utc = moment(0) + (value - moment(0))
    text = f"{utc:%Y-%m-%d %H:%M:%S}"
    return f"TIMESTAMPTZ '{text}+00'" if connection.vendor == "postgresql" else f"'{text}'"


def _between(pair: re.Match[str]) -> str:
    if connection.vendor == "postgresql":
        return f"(EXTRACT(EPOCH FROM {pair[2]} - {pair[1]}) / 60)"
    return f"((julianday({pair[2]}) - julianday({pair[1]})) * 1440)"
