"""Month-end: all figures at a glance, each with plots, table, query and file."""

from __future__ import annotations

import csv
import io

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from api.desk.frame import Asked as Request
from api.desk.frame import kept_nowhere, open_site, page, signed_in, sites_of
from api.desk.money.month_end import REPORTS, Report
from api.desk.money.month_shapes import Asked, month
from api.permissions import may


@require_safe
@signed_in
def overview(request: Request, site: int) -> HttpResponse:
    """A card for each report."""
    asked = _asked(request, site)
    cards = [(report, report.told(asked)) for report in REPORTS.values()]
    return page(
        request,
        "desk/money/months.html",
        here="money",
        tab="months",
        site=asked.site,
        month=asked.month,
        cards=cards,
        is_empty=all(told.empty for _, told in cards),
    )


@require_safe
@signed_in
def report(request: Request, site: int, figures: str) -> HttpResponse:
    """One report."""
    asked, one = _asked(request, site), _named(figures)
    told = one.told(asked)
    return page(
        request,
        "desk/money/month.html",
        here="money",
        tab="months",
        site=asked.site,
        month=asked.month,
        reports=REPORTS.values(),
        report=one,
        told=told,
        queries=[(query.counts, asked.written(query)) for query in told.queries],
    )


@require_safe
@signed_in
def file(request: Request, site: int, figures: str) -> HttpResponse:
    """The table of one report as CSV."""
    asked, one, text = _asked(request, site), _named(figures), io.StringIO()
    csv.writer(text).writerows(one.told(asked).table.lines)
    name = f"{one.name}-{asked.month.first:%Y-%m}.csv"
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return kept_nowhere(response)


def _asked(request: Request, site: int) -> Asked:
    place, now = open_site(request, site, "see_billing"), timezone.now()
    mine = tuple(one for one in sites_of(request) if may(request.user, "see_billing", one))
    today = now.astimezone(place.zone).date()
    return Asked(place, mine, month(request.GET.get("month", ""), today), now)


def _named(name: str) -> Report:
    if name not in REPORTS:
        raise Http404
    return REPORTS[name]
