"""The command palette: one box that leads everywhere."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from api.desk.frame import Asked, frame, page, part, signed_in, usual_site
from api.desk.palette import groups


@require_POST
@signed_in
def palette(request: Asked) -> HttpResponse:
    """What fits the words that were typed; they are posted, for they may be a name."""
    q = request.POST.get("q", "").replace("\0", "").strip()[:100]
    found = groups(request, frame(request, "", usual_site(request), None), q)
    if request.htmx:
        return part(request, "desk/palette/found.html", groups=found, q=q)
    return page(request, "desk/palette/page.html", groups=found, q=q)
