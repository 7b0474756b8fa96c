"""Free capacity: by a form whose fields are the address, or by a sentence that fills them in."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django_htmx.http import push_url

from api.desk.forms import as_day
from api.desk.frame import Asked, open_site, page, part, signed_in
from api.desk.free import FreeForm, answers
from api.desk.spoken import LONGEST, Heard, hear
from clinic.models import Room, Site, Staff


@require_http_methods(["GET", "POST"])
@signed_in
def free(request: Asked, site: int) -> HttpResponse:
    """The first stretches that fit; a sentence is posted, so that no address holds what it said."""
    place = open_site(request, site, "see_day")
    today = timezone.now().astimezone(place.zone).date()
    rooms = list(Room.objects.filter(site=place, active=True))
    people = list(Staff.objects.filter(sites=place, active=True))
    heard: Heard | None = None
    data: QueryDict = request.GET.copy()
    if request.method == "POST":
        said = request.POST.get("say", "").replace("\0", " ")
        heard = hear(said, today=today, rooms=rooms, people=people)
        data = QueryDict(urlencode(heard.fields, doseq=True))
    form = FreeForm(data, rooms=rooms, people=people, today=today)
    return _answered(request, place, form, heard, today)


def _answered(
    request: Asked, site: Site, form: FreeForm, heard: Heard | None, today: date
) -> HttpResponse:
    valid = form.is_valid()
    address = f"{reverse('desk:free', args=[site.pk])}?{form.address()}"
    if heard and valid and not (heard.left or heard.shared or request.htmx):
        return redirect(address)
    context: dict[str, Any] = {
        "form": form,
        "heard": heard,
        "said": request.POST.get("say", "").replace("\0", " ")[:LONGEST],
        "answers": answers(request.user, site, form, timezone.now()) if valid else [],
        "valid": valid,
        "today": today,
        "focus": as_day(form.data.get("from", "")) or today,
    }
    status = 200 if valid else 422
    if request.htmx:
        return push_url(
            part(request, "desk/free/search.html", site=site, status=status, **context), address
        )
    return page(request, "desk/free/free.html", here="day", site=site, status=status, **context)
