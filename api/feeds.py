"""GET /feeds/{secret}.ics: what calendars poll. The address is the key; nobody signs in here."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from api.permissions import sites_for
from clinic.models import User
from scheduling.feeds.read import Window, feed_for
from scheduling.feeds.serve import document, etag
from scheduling.feeds.words import Detail, Sight, Sites
from scheduling.models import CalendarFeed
from scheduling.services.feeds import note_fetch

log = logging.getLogger("chairtime.feeds")
HEADERS = {
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


@require_safe
def calendar(request: HttpRequest, secret: str) -> HttpResponseBase:
    """The calendar; 304 when unchanged; 404 for an address unknown, replaced or taken back."""
    now = timezone.now()
    window = Window.around(now)
    feed = feed_for(secret, window=window)
    if feed is None or _reader_has_left(feed):
        return HttpResponse("Not found\n", status=404, content_type="text/plain", headers=HEADERS)
    log.info("feed %s fetched", feed.pk)
    note_fetch(feed, reader=request.headers.get("User-Agent", ""), now=now)
    sight = sight_of(feed)
    headers = HEADERS | {"ETag": etag(feed, sight, window)}
    unchanged = get_conditional_response(request, etag=headers["ETag"])
    answer = unchanged or _whole(request, feed, sight, window, tag=headers["ETag"])
    for name, value in headers.items():
        answer.headers[name] = value
    return answer


def _whole(
    request: HttpRequest, feed: CalendarFeed, sight: Sight, window: Window, *, tag: str
) -> HttpResponseBase:
    """The document, or 304 for a reader that only sends a date."""
    found = document(feed, sight, window, tag=tag)
    changed = int(found.changed_at.timestamp())
    response = HttpResponse(
        found.body,
        content_type="text/calendar; charset=utf-8",
        headers={"Last-Modified": http_date(changed)},
    )
    return get_conditional_response(request, tag, changed, response) or response


def sight_of(feed: CalendarFeed) -> Sight:
    """The feed's detail, capped by the rights of whoever was last shown the address.

    An API client was asked for its scopes when it made the feed. At most one query.
    """
    reader = feed.created_by
    if feed.detail == Detail.BUSY or reader is None:
        return Sight(feed.detail)
    names, care = _sites(reader, "see_names"), _sites(reader, "see_care")
    day, own_day = _sites(reader, "see_day"), _sites(reader, "see_own_day")
    return Sight(
        feed.detail,
        full=care if names is None else names if care is None else names & care,
        initials=None if day is None or own_day is None else day | own_day,
    )


def _sites(reader: User, action: str) -> Sites:
    reach = sites_for(reader, action)
    return None if reach.everywhere else reach.sites


def _reader_has_left(feed: CalendarFeed) -> bool:
    staff = getattr(feed.resource, "staff", None)
    return bool((feed.created_by and not feed.created_by.is_active) or (staff and not staff.active))


urlpatterns = [path("feeds/<str:secret>.ics", calendar, name="calendar_feed")]
