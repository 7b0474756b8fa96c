"""Free capacity."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from api.desk.frame import Asked, open_site, page, signed_in


@require_http_methods(["GET", "POST"])
@signed_in
def free(request: Asked, site: int) -> HttpResponse:
    place = open_site(request, site, "see_day")
    return page(request, "desk/free/free.html", here="day", site=place)
