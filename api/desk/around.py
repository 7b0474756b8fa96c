"""An edit saved over booked visits on purpose: the second answer to what would break them."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import redirect
from django_htmx.http import HttpResponseClientRedirect

from api.desk.frame import Asked, actor
from api.desk.telling import tell
from api.permissions import may
from clinic.models import Site
from scheduling.services.around import recovery_of


def insists(request: Asked, site: Site) -> bool:
    """Whether somebody who may says: save it all the same, and plan around these visits."""
    return "plan_around" in request.POST and may(request.user, "report_absence", site)


def to_the_plan(request: Asked, now: datetime) -> HttpResponse | None:
    """The recovery that an edit of this moment has opened; None when it broke nothing."""
    found = recovery_of(actor(request), now)
    if found is None:
        return None
    tell(request, "Saved. Here is how the day can go on.")
    answer = redirect("desk:recovery", found.pk)
    return HttpResponseClientRedirect(answer.url) if request.htmx else answer
