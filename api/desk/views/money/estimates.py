"""Good faith estimates at the desk: which are due, issuing them, and noting that one was asked."""

from __future__ import annotations

import csv
import io

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from api.desk.frame import (
    Asked,
    actor,
    behind,
    kept_nowhere,
    open_site,
    page,
    part,
    signed_in,
)
from api.desk.money.estimates import STANDS, lines_of, of_site, row_of, standing
from api.desk.telling import tell
from api.permissions import may, require
from billing.errors import MoneyRefused
from billing.models import Estimate
from billing.services.documents import issue_estimate
from billing.services.estimating import ask_for_estimate
from clinic.models import Site
from scheduling.models import Series

PER_PAGE = 50
HEADER = (
    "Record", "Patient", "For", "Version", "Stands", "Due on", "Why", "Expected total", "Number",
)  # fmt: skip


@require_safe
@signed_in
def listed(request: Asked, site: int) -> HttpResponse:
    """By stand, which is in the address; overdue ones first."""
    place = open_site(request, site, "see_balance")
    today = timezone.now().astimezone(place.zone).date()
    rows, stand = of_site(place), _stand(request, place)
    shown = Paginator(standing(rows, stand, today), PER_PAGE).get_page(request.GET.get("page"))
    counts = {name: standing(rows, name, today).count() for name in STANDS}
    return page(
        request,
        "desk/money/estimates.html",
        here="money",
        tab="estimates",
        site=place,
        rows=[row_of(one, request.user, place, today) for one in shown],
        shown=shown,
        stand=stand,
        stands=[(name, look, counts[name]) for name, look in STANDS.items()],
        look=STANDS[stand],
        total=sum(counts.values()),
        may_issue=may(request.user, "take_payments", place),
    )


@require_safe
@signed_in
def file(request: Asked, site: int) -> HttpResponse:
    """Every estimate of a site that still counts, as CSV."""
    place = open_site(request, site, "see_balance")
    today = timezone.now().astimezone(place.zone).date()
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for one in of_site(place).order_by("due_on", "pk"):
        row = row_of(one, request.user, place, today)
        number = row.document.facts["number"] if row.document else ""
        writer.writerow(
            [
                _plain(one.patient.mrn),
                _plain(row.name),
                _plain(row.what),
                one.version,
                row.look.word,
                one.due_on or "",
                one.rule,
                f"{one.cents / 100:.2f}",
                number,
            ]
        )
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="estimates-{today.isoformat()}.csv"'
    return kept_nowhere(response)


@require_safe
@signed_in
def one(request: Asked, estimate: int) -> HttpResponse:
    """What it says, line by line, before it is issued."""
    row, place = _open(request, estimate)
    today = timezone.now().astimezone(place.zone).date()
    lines = lines_of(row)
    return part(
        request,
        "desk/money/estimate.html",
        row=row_of(row, request.user, place, today),
        lines=lines,
        may_issue=may(request.user, "take_payments", place),
    )


@require_POST
@signed_in
def issue(request: Asked, estimate: int) -> HttpResponse:
    """Numbered and handed out."""
    row, place = _open(request, estimate)
    require(request.user, "take_payments", place)
    try:
        made = issue_estimate(estimate=row.pk, actor=actor(request), now=timezone.now())
    except MoneyRefused as no:
        tell(request, f"Not issued. {no}")
    else:
        tell(request, f"Issued: {made.facts['number']}. Print it and hand it to the patient.")
    return behind(request, "desk:estimates", place.pk)


@require_POST
@signed_in
def ask(request: Asked, estimate: int) -> HttpResponse:
    """The patient asks for one that was not required."""
    row, place = _open(request, estimate)
    about = {"series": row.series_id, "visit": row.appointment_id}
    return _asked(request, place, about)


@require_POST
@signed_in
def ask_for_series(request: Asked, series: int) -> HttpResponse:
    """The patient asks for one of a series."""
    found = Series.objects.filter(pk=series).first()
    if found is None:
        raise Http404
    place = open_site(request, found.site_id, "take_payments")
    return _asked(request, place, {"series": found.pk, "visit": None})


def _asked(request: Asked, place: Site, about: dict[str, int | None]) -> HttpResponse:
    require(request.user, "take_payments", place)
    try:
        made = ask_for_estimate(**about, actor=actor(request), now=timezone.now())
    except MoneyRefused as no:
        tell(request, str(no))
    else:
        tell(request, f"Noted. The estimate is due by {made.due_on:%a %-d %b}.")
    return behind(request, "desk:estimates", place.pk)


def _stand(request: Asked, place: Site) -> str:
    """The one in the address, else the first that somebody should look at."""
    stand = request.GET.get("stand", "")
    if stand in STANDS:
        return stand
    today = timezone.now().astimezone(place.zone).date()
    rows = of_site(place)
    return next((name for name in STANDS if standing(rows, name, today).exists()), "due")


def _open(request: Asked, pk: int) -> tuple[Estimate, Site]:
    row = Estimate.objects.filter(pk=pk).first()
    if row is None:
        raise Http404
    place = open_site(request, row.site_id, "see_balance")
    return of_site(place).get(pk=pk), place


def _plain(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
