"""Go on with a series beyond its protocol's last step: see where the visits would be, book them."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from api.desk import words
from api.desk.forms import ExtendForm
from api.desk.frame import Asked, actor, behind, part, signed_in
from api.desk.telling import tell
from api.desk.views.series import open_series
from api.permissions import require
from scheduling.errors import Refused
from scheduling.selectors.extending import plan_extension
from scheduling.services.extending import extend_series


@require_http_methods(["GET", "POST"])
@signed_in
def extend(request: Asked, series: int) -> HttpResponse:
    """The next visits with their days; the same form books them. Typing asks with `look`."""
    found = open_series(request, series)
    require(request.user, "book_series", found.site)
    now = timezone.now()
    form = ExtendForm(request.POST or {"visits": 1})
    refused: Refused | None = None
    planned = []
    if form.is_valid():
        visits, not_before = form.cleaned_data["visits"], form.cleaned_data["not_before"]
        try:
            if request.method == "POST" and "look" not in request.POST:
                made = extend_series(
                    series=series,
                    visits=visits,
                    not_before=not_before,
                    actor=actor(request),
                    now=now,
                )
                first = made[0].starts_at.astimezone(found.site.zone)
                said = f"Booked: {words.count(len(made), 'visit')} more, from {words.day(first)}."
                tell(request, said, undo=f"series:{series}")
                return behind(request, "desk:series", series)
            plan = plan_extension(series=found, visits=visits, not_before=not_before, now=now)
            planned = plan.starts(found.site)
        except Refused as no:
            refused = no
    context = {"form": form, "series": found, "planned": planned, "refused": refused}
    wrong = request.method == "POST" and (form.errors or refused) and "look" not in request.POST
    return part(request, "desk/series/extend.html", status=422 if wrong else 200, **context)
