"""One's calendars kept elsewhere: their busy times are not booked."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from api.desk.calendars import CalendarForm, Kept, kept_by, section
from api.desk.forms import beside_the_fields
from api.desk.frame import Asked, actor, part, signed_in
from api.desk.views.me import own_staff
from api.permissions import require
from scheduling.feeds.busy import CalendarRefused
from scheduling.feeds.taking import add_address, add_file, read_again
from scheduling.models import ExternalCalendar
from scheduling.services.calendars import remove_calendar


@require_POST
@signed_in
def add(request: Asked) -> HttpResponse:
    """Read it at once, and say what was found or what is wrong."""
    require(request.user, "manage_feeds_own")
    staff = own_staff(request)
    form = CalendarForm(request.POST, request.FILES or None, auto_id="calendar_%s")
    if not form.is_valid():
        return shown(request, form, status=422)
    given = form.cleaned_data
    try:
        facts = {"staff": staff, "label": given["label"], "actor": actor(request)}
        if given["file"]:
            row = add_file(document=given["file"].read(), now=timezone.now(), **facts)
        else:
            row = add_address(address=given["address"], now=timezone.now(), **facts)
    except CalendarRefused as refused:
        form.add_error("file" if given["file"] else "address", str(refused))
        return shown(request, form, status=422)
    except ValidationError as wrong:
        beside_the_fields(form, wrong)
        return shown(request, form, status=422)
    kept = _kept(request, row)
    return shown(
        request, said=f"{kept.name}: {kept.found} in the next 400 days. Nobody books you then."
    )


@require_POST
@signed_in
def read_now(request: Asked, pk: int) -> HttpResponse:
    """Ask its address without waiting for the clock."""
    require(request.user, "manage_feeds_own")
    _mine(request, pk)
    row = read_again(calendar=pk, actor=actor(request), clock=timezone.now)
    if row is None:
        raise Http404
    said = "" if row.problem else f"Read. {_kept(request, row).found} found."
    return shown(request, said=said)


@require_POST
@signed_in
def remove(request: Asked, pk: int) -> HttpResponse:
    """Its busy times are gone at once."""
    require(request.user, "manage_feeds_own")
    row = _mine(request, pk)
    name = Kept(row, 0).name
    remove_calendar(calendar=pk, actor=actor(request), now=timezone.now())
    return shown(request, said=f"{name} is removed; its busy times can be booked again.")


def shown(
    request: Asked, form: CalendarForm | None = None, *, said: str = "", status: int = 200
) -> HttpResponse:
    """The section as it is now; without scripts, the whole page."""
    if not request.htmx:
        wrong = [str(one) for errors in (form.errors.values() if form else ()) for one in errors]
        for one in [said, *wrong]:
            if one:
                messages.success(request, one)
        return redirect("desk:week")
    context = section(request, own_staff(request))
    context |= {"calendar_said": said, "calendar_open": form is not None}
    if form is not None:
        wrong_field = next((name for name in form.errors if name in form.fields), "address")
        form.fields[wrong_field].widget.attrs["autofocus"] = True
        context["calendar_form"] = form
    return part(request, "desk/me/calendars.html", status=status, **context)


def _kept(request: Asked, row: ExternalCalendar) -> Kept:
    return next(one for one in kept_by(own_staff(request)) if one.row == row)


def _mine(request: Asked, pk: int) -> ExternalCalendar:
    row = ExternalCalendar.objects.filter(pk=pk, staff=own_staff(request)).first()
    if row is None:
        raise Http404
    return row
