"""The end of a day: what should be in the till, what is, and closing it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from api.desk.frame import Asked, actor, open_site, page, signed_in
from api.desk.money.files import csv_file
from api.desk.money.payment_forms import COUNT_WORDS, CountForm, plain
from api.desk.money.tabs import dollars
from api.desk.people import shown_name
from api.desk.telling import tell
from api.permissions import may, require
from billing.errors import MoneyRefused
from billing.models import DayClose
from billing.selectors.till import COUNTED, ON_LINE, Move, moves_of, open_days, sums
from billing.services.closing import close_day
from clinic.models import Site

SEES = ("take_payments", "see_billing")
LOOKS_BACK = timedelta(days=31)
METHODS = {**COUNT_WORDS, ON_LINE: "Card, on line"}


@require_safe
@signed_in
def today(request: Asked, site: int) -> HttpResponse:
    """Today's."""
    place = open_site(request, site, *SEES)
    return redirect("desk:day-end", site, timezone.now().astimezone(place.zone).date())


@require_http_methods(["GET", "POST"])
@signed_in
def day_end(request: Asked, site: int, day: date) -> HttpResponse:
    """Expected beside counted; a difference needs a note; closed once, then to print."""
    place = open_site(request, site, *SEES)
    form = CountForm(request.POST or None)
    if request.method == "POST":
        require(request.user, "take_payments", place)
    if request.method == "POST" and form.is_valid():
        try:
            made = close_day(
                site=place,
                on=day,
                counted=form.counted(),
                note=form.cleaned_data["note"],
                actor=actor(request),
                now=timezone.now(),
            )
        except MoneyRefused as no:
            form.add_error("note" if no.rule == "difference_has_a_note" else None, str(no))
        else:
            tell(request, f"Closed. Difference: {dollars(made.difference_cents)}.")
            return redirect("desk:day-end", site, day)
    moves, this_day = moves_of(place, day), timezone.now().astimezone(place.zone).date()
    closed = DayClose.objects.filter(site=place, on=day).first()
    return page(
        request,
        "desk/money/day_end.html",
        here="money",
        tab="day-end",
        site=place,
        status=422 if form.errors else 200,
        on=day,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1) if day < this_day else None,
        form=form,
        counts=_counts(form, sums(moves), closed),
        on_line=sums(moves)[ON_LINE],
        moves=[_move(request, one, place) for one in moves],
        closed=closed,
        closed_at=closed and closed.at.astimezone(place.zone),
        to_close=open_days(place, before=this_day, since=this_day - LOOKS_BACK),
        may_close=may(request.user, "take_payments", place) and day <= this_day,
    )


@require_safe
@signed_in
def file(request: Asked, site: int, day: date) -> HttpResponse:
    """Every move of the day, then the sums and the count, as CSV."""
    place = open_site(request, site, *SEES)
    moves = moves_of(place, day)
    closed = DayClose.objects.filter(site=place, on=day).first()
    head = ["Time", "What", "Patient", "Method", "Amount", "By"]
    lines = [
        [
            f"{move['at']:%H:%M}",
            move["memo"],
            move["name"],
            move["method"],
            plain(move["cents"]),
            move["by"],
        ]
        for move in (_move(request, one, place) for one in moves)
    ]
    for method, cents in sums(moves).items():
        counted = closed.counted.get(method) if closed else None
        said = "" if counted is None else plain(counted)
        lines.append(["", "Expected", "", METHODS[method], plain(cents), ""])
        if said:
            lines.append(["", "Counted", "", METHODS[method], said, closed.by if closed else ""])
    return csv_file(f"day-end-{day.isoformat()}.csv", [head, *lines])


def _counts(
    form: CountForm, expected: dict[str, int], closed: DayClose | None
) -> list[dict[str, Any]]:
    """A line for each method that is counted. A day that is closed stays as it was then."""
    lines = []
    for method in map(str, COUNTED):
        should = closed.expected[method] if closed else expected[method]
        counted = closed.counted[method] if closed else None
        lines.append(
            {
                "label": COUNT_WORDS[method],
                "expected": should,
                "counted": counted,
                "difference": None if counted is None else counted - should,
                "field": form[method],
            }
        )
    return lines


def _move(request: Asked, move: Move, site: Site) -> dict[str, Any]:
    entry = move.entry
    return {
        "at": entry.at.astimezone(site.zone),
        "memo": entry.memo,
        "patient": entry.patient_id,
        "name": shown_name(request.user, entry.patient, site),
        "method": METHODS[move.method],
        "cents": move.cents,
        "by": entry.by,
    }
