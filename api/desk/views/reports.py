"""Reports: all at a glance, each with its plots, table, query and file."""

from __future__ import annotations

import csv
import io

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from api.desk.frame import Asked as Request
from api.desk.frame import kept_nowhere, open_site, page, signed_in
from api.desk.reports import REPORTS, Report
from api.desk.reports.period import Period, period
from api.desk.reports.told import Asked
from clinic.models import Site


@require_safe
@signed_in
def overview(request: Request, site: int) -> HttpResponse:
    """A card for each report."""
    asked, dates = _asked(request, open_site(request, site, "see_reports"))
    cards = [(report, report.told(asked)) for report in REPORTS.values()]
    return page(
        request,
        "desk/reports/overview.html",
        here="reports",
        site=asked.site,
        dates=dates,
        cards=cards,
        is_empty=all(told.empty for _, told in cards),
    )


@require_safe
@signed_in
def report(request: Request, site: int, report: str) -> HttpResponse:
    """One report."""
    asked, dates = _asked(request, open_site(request, site, "see_reports"))
    one = _named(report)
    told = one.told(asked)
    return page(
        request,
        "desk/reports/report.html",
        here="reports",
        site=asked.site,
        dates=dates,
        reports=REPORTS.values(),
        report=one,
        told=told,
        queries=[(query.counts, asked.written(query)) for query in told.queries],
    )


@require_safe
@signed_in
def file(request: Request, site: int, report: str) -> HttpResponse:
    """The table of one report as CSV."""
    asked, dates = _asked(request, open_site(request, site, "see_reports"))
    one, text = _named(report), io.StringIO()
    csv.writer(text).writerows(one.told(asked).table.lines)
    name = f"{one.name}-{dates.first.isoformat()}-{dates.last.isoformat()}.csv"
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return kept_nowhere(response)


def _asked(request: Request, site: Site) -> tuple[Asked, Period]:
    now = timezone.now()
    dates = period(request.GET, now.astimezone(site.zone).date())
    return Asked(site, dates.first, dates.last, now), dates


def _named(name: str) -> Report:
    if name not in REPORTS:
        raise Http404
    return REPORTS[name]
