"""Series: the itinerary to print or take along, cancelling, booking a step that is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from api.desk import words
from api.desk.board import Entry, Sight, entries
from api.desk.feeds import series_section
from api.desk.forms import AgainForm, CancelForm, as_moment
from api.desk.frame import Asked, actor, behind, kept_nowhere, page, part, signed_in
from api.desk.itinerary import before_coming, calendar_of, on_paper
from api.desk.itinerary_pdf import pdf_of
from api.desk.people import shown_name
from api.desk.sheet import names_in, siblings_of
from api.desk.single import offers_for, why_not
from api.desk.standing import Standing, standing
from api.desk.telling import tell
from api.desk.timeline import Timeline, timeline
from api.desk.views.money.packages import offers_a_deposit
from api.permissions import may, require, visible_patients, visible_series
from clinic.models import Patient
from scheduling.errors import Refused
from scheduling.models import Series
from scheduling.models.series import AHEAD, GONE
from scheduling.selectors import series_view, visits
from scheduling.selectors.extending import may_extend
from scheduling.selectors.outlook import outlook
from scheduling.services.booking import book_visit
from scheduling.services.cancelling import cancel_series


def open_series(request: Asked, pk: int) -> Series:
    """A series one may see, or 404."""
    rows = Series.objects.select_related(
        "patient", "site", "protocol_version__protocol", "therapist"
    )
    found = visible_series(request.user, rows).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def entries_of(request: Asked, series: Series) -> list[Entry]:
    found = list(visits(series=series.pk))
    return entries(
        found,
        sight=Sight.of(request.user, series.site),
        names=names_in(found),
        siblings=siblings_of(found),
    )


@dataclass(frozen=True, slots=True)
class Course:
    """A series as the patient's page shows it."""

    series: Series
    standing: Standing
    timeline: Timeline
    entries: list[Entry]
    may_cancel: bool
    may_cancel_visits: bool
    may_book_visit: bool
    may_extend: bool
    ahead: int


def courses_of(request: Asked, patient: Patient) -> list[Course]:
    """The series of a patient that one may see, running ones first."""
    rows = Series.objects.select_related(
        "site", "protocol_version__protocol", "therapist", "patient"
    )
    mine = visible_series(request.user, rows.filter(patient=patient))
    active = Series.State.ACTIVE
    return [_course(request, series) for series in sorted(mine, key=lambda s: s.status != active)]


def _course(request: Asked, series: Series) -> Course:
    now = timezone.now()
    seen = series_view(series)
    listed = entries_of(request, series)
    return Course(
        series=series,
        standing=standing(series, [view.appointment for view in seen.visits], now),
        timeline=timeline(seen, now.astimezone(series.site.zone).date()),
        entries=listed,
        may_cancel=may(request.user, "cancel_series", series.site),
        may_cancel_visits=may(request.user, "cancel_visit", series.site),
        may_book_visit=may(request.user, "book_visit", series.site),
        may_extend=may_extend(series) and may(request.user, "book_series", series.site),
        ahead=sum(entry.status in AHEAD for entry in listed),
    )


@require_safe
@signed_in
def series(request: Asked, pk: int) -> HttpResponse:
    """The itinerary: what the patient takes home."""
    found = open_series(request, pk)
    listed = [entry for entry in entries_of(request, found) if entry.status not in GONE]
    mine = visible_patients(request.user, Patient.objects.filter(pk=found.patient_id))
    return page(
        request,
        "desk/series/itinerary.html",
        here="series",
        site=found.site,
        series=found,
        name=shown_name(request.user, found.patient, found.site),
        entries=listed,
        before=before_coming(found.protocol_version.definition),
        opens_patient=mine.exists(),
        offers_a_deposit=mine.exists() and offers_a_deposit(request, found),
        sees_care=may(request.user, "see_care", found.site),
        **series_section(request, found),
    )


@require_safe
@signed_in
def ics(request: Asked, pk: int) -> HttpResponse:
    """The visits as a calendar file for the patient, in words that give nothing away."""
    found = open_series(request, pk)
    live = [visit for visit in visits(series=pk) if visit.status not in GONE]
    response = HttpResponse(
        calendar_of(found.site, live), content_type="text/calendar; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="visits.ics"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_safe
@signed_in
def pdf(request: Asked, series: int) -> HttpResponse:
    """The itinerary on paper; `?words=all` names the treatment, for who may see it."""
    found = open_series(request, series)
    told = request.GET.get("words") == "all" and may(request.user, "see_care", found.site)
    listed = [entry for entry in entries_of(request, found) if entry.status not in GONE]
    name = shown_name(request.user, found.patient, found.site)
    response = HttpResponse(
        pdf_of(on_paper(found, name, listed, told=told)), content_type="application/pdf"
    )
    response["Content-Disposition"] = 'inline; filename="visits.pdf"'
    return kept_nowhere(response)


@require_http_methods(["GET", "POST"])
@signed_in
def cancel(request: Asked, pk: int) -> HttpResponse:
    """Ask why, list what goes, and cancel every visit of the series that has not begun."""
    found = open_series(request, pk)
    require(request.user, "cancel_series", found.site)
    form = CancelForm(request.POST or None)
    ahead = [entry for entry in entries_of(request, found) if entry.status in AHEAD]
    if form.is_valid():
        cancel_series(
            series=pk,
            reason=form.reason(),
            kind=form.cleaned_data["cause"],
            actor=actor(request),
            now=timezone.now(),
        )
        said = words.count(len(ahead), "visit")
        said = f"Cancelled: {said}. Their rooms and people are free again."
        tell(request, said, undo=f"series:{pk}")
        return behind(request, "desk:series", pk)
    context: dict[str, Any] = {"form": form, "series": found, "entries": ahead}
    context["may_cancel"] = may(request.user, "cancel_series", found.site)
    status = 422 if form.errors else 200
    return part(request, "desk/series/cancel.html", status=status, **context)


@require_http_methods(["GET", "POST"])
@signed_in
def again(request: Asked, pk: int, step: str) -> HttpResponse:
    """Book a step that is missing: one of three times that fit, or another one asked for."""
    found = open_series(request, pk)
    require(request.user, "book_visit", found.site)
    missing = next((one for one in series_view(found).steps if one.key == step), None)
    if missing is None or missing.visit or found.status != Series.State.ACTIVE:
        raise Http404
    now = timezone.now()
    offered = as_moment(request.POST.get("starts", ""))
    form = AgainForm(None if offered else request.POST or None)
    starts_at = offered or (form.starts_at(found.site.zone) if form.is_valid() else None)
    refused: Refused | None = None
    if starts_at:
        try:
            visit = book_visit(
                patient=found.patient,
                site=found.site,
                version=found.protocol_version,
                step=step,
                starts_at=starts_at,
                actor=actor(request),
                now=now,
            )
        except Refused as no:
            refused = no
        else:
            when = visit.starts_at.astimezone(found.site.zone)
            said = f"Booked: {missing.name}, {words.day(when)} {words.clock(when)}."
            tell(request, said, undo=f"appointment:{visit.pk}")
            return behind(request, "desk:series", pk)
    offers, tried = offers_for(found, step, now)
    if not form.is_bound:
        form.initial = {"day": tried.here.starts_at.date(), "clock": tried.here.starts_at.time()}
    context = {"form": form, "series": found, "step": missing, "refused": refused}
    context |= {"offers": offers, "tried": tried, "why_not": why_not(tried)}
    lost = [] if offers else [one for one in outlook(found, now).lost if one.step == step]
    context["in_the_way"] = lost[0].in_the_way if lost else ()
    status = 422 if form.errors or refused else 200
    return part(request, "desk/series/again.html", status=status, **context)
