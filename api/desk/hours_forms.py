"""What people type about when somebody works: a week, a day that differs, on call, time off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from api.desk.forms import YEARS, DateInput, DeskForm, TimeInput, as_time
from clinic.models import Staff
from clinic.services.hours import DAY, WEEK, WEEKDAYS, Shift, week_span

MOST_ROWS = 60
PARTS = ("day", "from", "to", "break_from", "break_to")


@dataclass(frozen=True, slots=True)
class Row:
    """A shift as it was typed: a weekday's number and four clocks, and what is wrong with it."""

    day: str = "0"
    starts: str = ""
    ends: str = ""
    break_starts: str = ""
    break_ends: str = ""
    error: str = ""

    @classmethod
    def of(cls, shift: Shift) -> Row:
        clocks = (shift.starts, shift.ends, shift.break_starts, shift.break_ends)
        return cls(str(shift.weekday), *(f"{clock:%H:%M}" if clock else "" for clock in clocks))

    @property
    def is_empty(self) -> bool:
        return not (self.starts or self.ends or self.break_starts or self.break_ends)

    def read(self) -> Shift | str:
        """The shift, or what to mend in it."""
        starts, ends = _clock(self.starts), _clock(self.ends)
        rests, rest_ends = _clock(self.break_starts), _clock(self.break_ends)
        if self.day not in "0123456" or len(self.day) != 1:
            return "Choose a day of the week."
        if starts is None or ends is None:
            return "A shift needs a time to begin and one to end."
        if (rests is None) != (rest_ends is None) or bool(self.break_starts) != bool(rests):
            return "A break needs a time to begin and one to end, or neither."
        shift = Shift(int(self.day), starts, ends, rests, rest_ends)
        if rests and rest_ends and not _holds(shift, rests, rest_ends):
            return "The break is not within the shift."
        return shift


class DayField(forms.DateField):
    """A date that some clinic's calendar can reach."""

    widget = DateInput

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day is not None and day.year not in YEARS:
            raise forms.ValidationError("Choose a date in this century or the next.")
        return day


class WeekForm(DeskForm):
    """A whole week from a date on, as rows; `also` are colleagues who get the same one."""

    since = DayField(label="From this date on")
    hours = forms.CharField(label="Hours", required=False)
    also = forms.TypedMultipleChoiceField(
        coerce=int, required=False, label="Also for", widget=forms.CheckboxSelectMultiple()
    )

    def __init__(self, *args: Any, today: date, colleagues: Iterable[Staff], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["also"].choices = [(one.pk, one.name) for one in colleagues]  # type: ignore[attr-defined]
        self.fields["since"].widget.attrs["min"] = today.isoformat()
        self.rows = _typed(self.data) if self.is_bound else []
        self.shifts: list[Shift] = []

    @classmethod
    def drawn(cls, shifts: Sequence[Shift], since: date, **kwargs: Any) -> WeekForm:
        """The form before anybody typed in it."""
        form = cls(initial={"since": since}, **kwargs)
        form.rows = [Row.of(shift) for shift in sorted(shifts)]
        return form

    def clean_since(self) -> date:
        since: date = self.cleaned_data["since"]
        if since < self.today:
            raise forms.ValidationError("Choose today or later: what has been worked stays.")
        return since

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        read = [row.read() for row in self.rows]
        self.rows = [
            replace(row, error=found) if isinstance(found, str) else row
            for row, found in zip(self.rows, read, strict=True)
        ]
        self._tell_overlaps(read)
        if any(row.error for row in self.rows):
            self.add_error(None, "Some shifts need mending; see beside them.")
        self.shifts = sorted(shift for shift in read if isinstance(shift, Shift))
        given["hours"] = [str(shift) for shift in self.shifts]
        return given

    def _tell_overlaps(self, read: Sequence[Shift | str]) -> None:
        """Beside each shift that meets an earlier one, also round the end of the week."""
        for i, one in enumerate(read):
            for other in read[:i]:
                if isinstance(one, Shift) and isinstance(other, Shift) and _meet(one, other):
                    row = replace(self.rows[i], error=f"It overlaps with {other}.")
                    self.rows[i] = row


class ExceptionForm(DeskForm):
    """One date on which somebody works more or less than their week says."""

    WORKING = [("less", "Does not work"), ("more", "Works besides")]
    day = DayField(label="Day")
    working = forms.ChoiceField(
        choices=WORKING, label="What differs", initial="less", widget=forms.RadioSelect()
    )
    starts = forms.TimeField(label="From", widget=TimeInput())
    ends = forms.TimeField(label="To", widget=TimeInput())
    note = forms.CharField(
        max_length=200, required=False, widget=forms.TextInput({"autocomplete": "off"})
    )

    def facts(self) -> dict[str, Any]:
        """As `upkeep.add_exception` takes them."""
        return {**self.cleaned_data, "working": self.cleaned_data["working"] == "more"}


class OnCallForm(DeskForm):
    """Hours in which somebody can be called; an end at or before the start is on the next day."""

    day = DayField(label="Day")
    starts = forms.TimeField(label="From", widget=TimeInput())
    ends = forms.TimeField(label="To", widget=TimeInput())
    note = forms.CharField(
        max_length=200, required=False, widget=forms.TextInput({"autocomplete": "off"})
    )

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        given = self.cleaned_data
        over = timedelta(days=given["ends"] <= given["starts"])
        return (
            datetime.combine(given["day"], given["starts"], zone),
            datetime.combine(given["day"] + over, given["ends"], zone),
        )


class TimeOffForm(DeskForm):
    """Whole days, or from a clock on the first to a clock on the last."""

    first = DayField(label="First day")
    last = DayField(label="Last day", required=False, help_text="Left empty: one day.")
    starts = forms.TimeField(label="From", required=False, widget=TimeInput())
    ends = forms.TimeField(label="To", required=False, widget=TimeInput())
    reason = forms.CharField(
        max_length=200,
        required=False,
        label="Reason",
        help_text="Read only by you and who decides.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        first, last = given.get("first"), given.get("last")
        if first and last and last < first:
            self.add_error("last", "The last day is before the first.")
        return given

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """[starts_at, ends_at): to the midnight after the last day where no clock is given."""
        given = self.cleaned_data
        last = given["last"] or given["first"]
        starts = datetime.combine(given["first"], given["starts"] or time(0), zone)
        if given["ends"]:
            return starts, datetime.combine(last, given["ends"], zone)
        return starts, datetime.combine(last + timedelta(days=1), time(0), zone)


class GiveTimeOffForm(TimeOffForm):
    """Time off entered for somebody by who decides."""

    staff = forms.TypedChoiceField(coerce=int, label="Who")
    field_order = ["staff", "first", "last", "starts", "ends", "reason"]

    def __init__(self, *args: Any, people: Iterable[Staff], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "Choose somebody"), *((one.pk, one.name) for one in people)]
        self.fields["staff"].choices = choices  # type: ignore[attr-defined]
        self.fields["reason"].help_text = "Read only by them and who decides."


class AnswerForm(DeskForm):
    """A word with the answer."""

    answer = forms.CharField(
        max_length=200,
        required=False,
        label="A word to them",
        widget=forms.TextInput({"autocomplete": "off"}),
    )


def _typed(data: Any) -> list[Row]:
    columns = [data.getlist(part)[:MOST_ROWS] for part in PARTS]
    rows = [
        Row(*(text[:8].strip() for text in found)) for found in zip_longest(*columns, fillvalue="")
    ]
    return [row for row in rows if not row.is_empty]


def _clock(text: str) -> time | None:
    clock = as_time(text)
    return clock.replace(second=0, microsecond=0) if clock else None


def _holds(shift: Shift, rests: time, rest_ends: time) -> bool:
    start, end = shift.span
    low, high = week_span(shift.weekday, rests, rest_ends)
    if low < start:
        low, high = low + DAY, high + DAY
    return high <= end


def _meet(one: Shift, other: Shift) -> bool:
    (start, end), (low, high) = one.span, other.span
    return any(start < high + by and low + by < end for by in (-WEEK, 0, WEEK))


__all__ = [
    "WEEKDAYS",
    "AnswerForm",
    "ExceptionForm",
    "GiveTimeOffForm",
    "OnCallForm",
    "Row",
    "TimeOffForm",
    "WeekForm",
]
