"""The patients of a site."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from api.desk.frame import Asked, open_site, page, signed_in


@require_http_methods(["GET", "POST"])
@signed_in
def patients(request: Asked, site: int) -> HttpResponse:
    place = open_site(request, site, "see_patients", "see_own_patients")
    return page(request, "desk/patients/list.html", here="patients", site=place)
