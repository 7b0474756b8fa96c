"""Where a sign-in lands, the switch between sites, and the style page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from api.desk import words
from api.desk.founding import progress
from api.desk.frame import Asked, frame, open_site, page, signed_in, usual_site
from api.desk.samples import ROWS, sample_form, sample_page
from api.permissions import may, require, staff_id


@require_safe
@signed_in
def home(request: Asked) -> HttpResponse:
    """Set-up where it is not finished; else the first page that somebody may see."""
    shown = frame(request, "", usual_site(request), None)
    if shown.may_set_up:
        now = progress()
        if not now.complete and may(request.user, "manage_setup", now.site):
            return redirect("desk:start")
    if shown.rail:
        return redirect(shown.rail[0].url)
    return page(request, "desk/nowhere.html", has_staff=staff_id(request.user) is not None)


@require_safe
@signed_in
def switch(request: Asked, site: int) -> HttpResponse:
    """The same page at another site, where it is open to one there; else the first."""
    place = open_site(request, site, "see_sites")
    shown = frame(request, "", place, None)
    known = {one.name: one.url for one in shown.rail} | {tab.name: tab.url for tab in shown.tabs}
    return redirect(known.get(request.GET.get("to", "")) or "desk:home")


@require_safe
@signed_in
def style(request: Asked) -> HttpResponse:
    """The living page of tokens and components, for maintainers."""
    require(request.user, "manage_setup")
    surfaces = ("paper", "sunken", "surface", "raised", "hover")
    texts = ("ink", "ink-2", "ink-3", "accent", "ok", "warn", "danger")
    hues = [(hue, icon, range(1, 4)) for hue, icon in words.HUE_ICONS.items()]
    return page(
        request,
        "desk/style.html",
        surfaces=surfaces,
        texts=texts,
        hues=hues,
        statuses=list(words.STATUSES),
        form=sample_form(),
        rows=ROWS,
        shown=sample_page(),
    )
