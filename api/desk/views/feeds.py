"""Calendar addresses: made, replaced and taken back by whoever has them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from api.desk.feeds import Address, details, feeds_section, series_section
from api.desk.forms import FeedForm
from api.desk.frame import Asked, actor, part, signed_in
from api.desk.views.me import own_staff
from api.desk.views.series import open_series
from api.permissions import require
from scheduling.models import CalendarFeed, Series
from scheduling.services.feeds import create_feed, revoke_feed, rotate_feed


@require_POST
@signed_in
def create(request: Asked) -> HttpResponse:
    """A new address of one's own calendar; it is shown this once."""
    require(request.user, "manage_feeds_own")
    form = FeedForm(request.POST, details=details(request))
    return _made(request, form, None, resource=own_staff(request))


@require_POST
@signed_in
def create_for_series(request: Asked, pk: int) -> HttpResponse:
    """A new address of a patient's series, for oneself; it is shown this once."""
    require(request.user, "manage_feeds_own")
    series = open_series(request, pk)
    form = FeedForm(request.POST, details=details(request, series.site))
    return _made(request, form, series, series=series.pk)


@require_POST
@signed_in
def rotate(request: Asked, pk: int) -> HttpResponse:
    """The old address is dead from here on; the new one is shown this once."""
    require(request.user, "manage_feeds_own")
    series = _mine(request, pk)
    _, secret = rotate_feed(feed=pk, user=request.user, actor=actor(request), now=timezone.now())
    return _shown(request, series, secret=secret)


@require_POST
@signed_in
def revoke(request: Asked, pk: int) -> HttpResponse:
    require(request.user, "manage_feeds_own")
    series = _mine(request, pk)
    revoke_feed(feed=pk, actor=actor(request), now=timezone.now())
    return _shown(request, series)


def _made(request: Asked, form: FeedForm, course: Series | None, **of: int) -> HttpResponse:
    if not form.is_valid():
        return _shown(request, course, form=form, status=422)
    _, secret = create_feed(
        resource=of.get("resource"),
        series=of.get("series"),
        detail=form.cleaned_data["detail"],
        label=form.cleaned_data["label"],
        alarm_minutes=form.cleaned_data["alarm"],
        user=request.user,
        actor=actor(request),
        now=timezone.now(),
    )
    return _shown(request, course, secret=secret)


def _mine(request: Asked, pk: int) -> Series | None:
    """The series that an address of one's own is of, if it is of one; 404 when it is not one's."""
    own = Q(resource=own_staff(request)) | Q(series__isnull=False, created_by=request.user)
    row = CalendarFeed.objects.filter(own, pk=pk, revoked_at=None).first()
    if row is None:
        raise Http404
    return open_series(request, row.series_id) if row.series_id else None


def _shown(
    request: Asked,
    series: Series | None,
    *,
    secret: str = "",
    form: FeedForm | None = None,
    status: int = 200,
) -> HttpResponse:
    path = reverse("calendar_feed", args=[secret]) if secret else ""
    made = Address(request.build_absolute_uri(path)) if secret else None
    if not request.htmx:
        if made:
            messages.success(request, made.url)
        return redirect("desk:series", series.pk) if series else redirect("desk:week")
    context: dict[str, Any] = (
        series_section(request, series) if series else feeds_section(request, own_staff(request))
    )
    context["made"] = made
    if form is not None:
        context["form"] = form
    return part(request, "desk/me/feeds.html", status=status, **context)
