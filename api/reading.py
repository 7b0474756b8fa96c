"""What doors for machines read alike: bounded JSON, dates, times and ids.

The readers raise ValueError with a sentence for the caller when text makes no sense.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time
from typing import IO, Any, NoReturn

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from api.errors import Problem

LARGEST_BODY = 256 * 1024
YEARS = range(1850, 2200)
DATE = re.compile(r"\d{4}-\d\d-\d\d")
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)")
IDENTIFIER = re.compile(r"[1-9][0-9]{0,17}")
"""Ids are opaque to callers; here they are row numbers that fit a 64-bit integer."""


class StrictJson(BaseParser):
    """A UTF-8 JSON object of bounded size, with no NUL and no half a character in it."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None
    ) -> Any:
        body = stream.read(LARGEST_BODY + 1)
        if len(body) > LARGEST_BODY:
            raise Problem("too-large", f"At most {LARGEST_BODY // 1024} KiB.")
        try:
            data = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
            readable = _is_text(data)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        except ValueError as error:
            raise ParseError(f"The body is not JSON in UTF-8: {_reason(error)}.") from None
        if not readable:
            raise ParseError("Text must not hold NUL characters or half surrogate pairs.")
        if not isinstance(data, dict):
            raise ParseError("The body must be a JSON object.")
        return data


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _reason(error: ValueError) -> str:
    """Where and why, without quoting what was sent."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return "wrong bytes" if isinstance(error, UnicodeDecodeError) else str(error)


def _is_text(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)
    if isinstance(value, dict):
        return all(_is_text(key) and _is_text(member) for key, member in value.items())
    return all(map(_is_text, value)) if isinstance(value, list) else True


def a_date(text: str) -> date:
    """YYYY-MM-DD; ValueError otherwise."""
    if not DATE.fullmatch(text):
        raise ValueError("It must be a date such as 2026-12-08.")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError("There is no such date.") from None
    if day.year not in YEARS:
        raise ValueError(f"Years run from {YEARS[0]} to {YEARS[-1]}.")
    return day


def a_clock_time(text: str) -> time:
    """HH:MM; ValueError otherwise."""
    if not CLOCK.fullmatch(text):
        raise ValueError("It must be a time of day such as 09:00.")
    return time.fromisoformat(text)


def an_instant(text: str) -> datetime:
    """An RFC 3339 date and time with its offset; ValueError otherwise."""
    if not INSTANT.fullmatch(text):
        raise ValueError("It must be a time with its offset, such as 2026-12-08T09:00:00-05:00.")
    try:
        instant = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError("There is no such time.") from None
    if instant.year not in YEARS:
        raise ValueError(f"Years run from {YEARS[0]} to {YEARS[-1]}.")
    return instant


def an_id(text: str) -> int:
    """The row of an id; ValueError when no row can have it."""
    if not IDENTIFIER.fullmatch(text):
        raise ValueError("There is none with this id.")
    return int(text)
