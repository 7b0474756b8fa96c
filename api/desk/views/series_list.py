"""The series of a site: where each stands, the soonest next visit first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from api.desk.forms import as_id
from api.desk.frame import Asked, open_site, page, signed_in
from api.desk.people import shown_name
from api.desk.standing import CLOSED, Standing, standing
from api.desk.stands import STANDS, Stand, count_stands, stands_of
from api.permissions import may, visible_series
from clinic.models import Site, Staff
from scheduling.models import Appointment, ProtocolVersion, Series

PER_PAGE = 40
STATES = {"active": "Running", "completed": "Completed", "cancelled": "Cancelled"}
SORTS = {
    "next": ("-pk",),
    "name": ("patient__family_name", "patient__given_name", "pk"),
    "treatment": ("protocol_version__name", "pk"),
    "end": ("-d0", "-pk"),
    "stand": ("-pk",),
}
SORT_WORDS = {
    "next": "Next visit",
    "stand": "Where it stands",
    "name": "Name",
    "treatment": "Treatment",
    "end": "Last visit",
}
LATEST = float("inf")


@require_safe
@signed_in
def series_list(request: Asked, site: int) -> HttpResponse:
    """By state, stand, protocol and therapist, all in the address; 40 a page."""
    place = open_site(request, site, "see_series", "see_own_patients")
    asked = {name: request.GET.get(name, "") for name in ("state", "stand", "sort")}
    state = asked["state"] if asked["state"] in STATES else "active"
    stand = asked["stand"] if asked["stand"] in STANDS and state == "active" else ""
    sort = asked["sort"] if asked["sort"] in SORTS else "next"
    protocol, therapist = (as_id(request.GET.get(name, "")) for name in ("protocol", "therapist"))
    of_site = visible_series(request.user, Series.objects.filter(site=place))
    rows = of_site.filter(status=state)
    if protocol:
        rows = rows.filter(protocol_version__protocol=protocol)
    if therapist:
        rows = rows.filter(therapist=therapist)
    stands = stands_of(rows, place, timezone.now()) if state == "active" else []
    known = {one.series: one for one in stands}
    shown = _page(request, _in_order(rows, known, stand, sort))
    return page(
        request,
        "desk/series/list.html",
        here="series",
        site=place,
        rows=_shown(request, place, shown, known),
        shown=shown,
        state=state,
        states=STATES,
        stand=stand,
        counts=count_stands(stands),
        total=len(stands),
        sort=sort,
        sorts=SORT_WORDS if state == "active" else {"next": "Newest", "name": "Name"},
        protocol=protocol,
        therapist=therapist,
        protocols=_protocols(of_site),
        therapists=Staff.objects.filter(pk__in=of_site.values("therapist")),
        filtered=bool(stand or protocol or therapist),
        may_book=may(request.user, "book_series", place),
    )


def _protocols(series: QuerySet[Series]) -> dict[int, str]:
    """Those that series run on, by their newest names."""
    used = ProtocolVersion.objects.filter(series__in=series).distinct()
    return dict(used.order_by("name", "version").values_list("protocol", "name"))


def _in_order(
    rows: QuerySet[Series], known: dict[int, Stand], stand: str, sort: str
) -> QuerySet[Series, int] | list[int]:
    """Running series by their ids, sorted by what their visits say where that was asked for."""
    ordered = rows.order_by(*SORTS[sort]).values_list("pk", flat=True)
    if not known:
        return ordered
    ids = [pk for pk in ordered if pk in known and stand in ("", known[pk].stand)]
    if sort in ("next", "stand", "end"):
        worst = list(STANDS)

        def key(pk: int) -> tuple[float, float]:
            one = known[pk]
            soon = one.next.timestamp() if one.next else LATEST
            if sort == "stand":
                return worst.index(one.stand), soon
            if sort == "end":
                return (one.last.timestamp() if one.last else LATEST), soon
            return soon, 0

        ids.sort(key=key)
    return ids


def _page(request: Asked, ids: Any) -> Page[int]:
    return Paginator(ids, PER_PAGE).get_page(request.GET.get("page"))


def _shown(
    request: Asked, site: Site, ids: Iterable[int], known: dict[int, Stand]
) -> list[dict[str, Any]]:
    """The series of a page with their visits: 2 queries."""
    wanted = list(ids)
    found = Series.objects.select_related("patient", "protocol_version", "site", "therapist")
    by_pk = found.in_bulk(wanted)
    visits: dict[int, list[Appointment]] = defaultdict(list)
    for visit in Appointment.objects.filter(series__in=wanted).order_by("starts_at"):
        visits[visit.series_id or 0].append(visit)
    now = timezone.now()
    return [
        {
            "series": (series := by_pk[pk]),
            "name": shown_name(request.user, series.patient, site),
            "standing": (stands := standing(series, visits[pk], now)),
            "sign": STANDS[known[pk].stand] if pk in known else None,
            "why": why(stands),
        }
        for pk in wanted
    ]


def why(stands: Standing) -> str:
    """What to look at first, in a few words: `Therapy 3: its window closed Sat 26 Dec`."""
    points = [*stands.missing, *stands.at_risk]
    closed = [point for point in stands.missing if CLOSED in point.said]
    first = next(iter([*closed, *stands.serious, *points]), None)
    if first is None:
        return ""
    more = len(points) - 1
    return f"{first.name}: {first.said}" + (f", and {more} more" if more else "")
