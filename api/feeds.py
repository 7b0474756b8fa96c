"""GET /feeds/{secret}.ics: what calendars poll. The address is the key; nobody signs in here."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from api.permissions import reach_of
from scheduling.feeds.poll import Found, Reader, Window, feed_for
from scheduling.feeds.serve import document, etag
from scheduling.feeds.words import Detail, Sight, Sites
from scheduling.services.feeds import note_fetch

log = logging.getLogger("chairtime.feeds")
HEADERS = {
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


@require_safe
@gzip_page
def calendar(request: HttpRequest, secret: str) -> HttpResponseBase:
    """The calendar; 304 when unchanged; 404 for an address unknown, replaced or taken back."""
    now = timezone.now()
    window = Window.around(now)
    feed = feed_for(secret, window=window, now=now)
    if feed is None or feed.has_left or (feed.reader and not feed.reader.is_active):
        return HttpResponse("Not found\n", status=404, content_type="text/plain", headers=HEADERS)
    if feed.to_note:
        program = request.headers.get("User-Agent", "")
        note_fetch(secret_hash=feed.secret_hash, reader=program, now=now)
    sight = sight_of(feed)
    headers = HEADERS | {"ETag": etag(feed, sight, window)}
    unchanged = get_conditional_response(request, etag=headers["ETag"])
    answer = unchanged or _whole(request, feed, sight, window, tag=headers["ETag"])
    for name, value in headers.items():
        answer.headers[name] = value
    return answer


def _whole(
    request: HttpRequest, feed: Found, sight: Sight, window: Window, *, tag: str
) -> HttpResponseBase:
    """The document, or 304 for a reader that only sends a date."""
    log.info("feed %s fetched", feed.id)
    found = document(feed, sight, window, tag=tag)
    changed = int(found.changed_at.timestamp())
    response = HttpResponse(
        found.body,
        content_type="text/calendar; charset=utf-8",
        headers={"Last-Modified": http_date(changed)},
    )
    return get_conditional_response(request, tag, changed, response) or response


def sight_of(feed: Found) -> Sight:
    """The feed's detail, capped by the rights of whoever was last shown the address.

    An API client was asked for its scopes when it made the feed.
    """
    reader = feed.reader
    if feed.detail == Detail.BUSY or reader is None:
        return Sight(feed.detail)
    names, care = _sites(reader, "see_names"), _sites(reader, "see_care")
    day, own_day = _sites(reader, "see_day"), _sites(reader, "see_own_day")
    return Sight(
        feed.detail,
        full=care if names is None else names if care is None else names & care,
        initials=None if day is None or own_day is None else day | own_day,
    )


def _sites(reader: Reader, action: str) -> Sites:
    reach = reach_of(reader.grants, action, superuser=reader.is_superuser)
    return None if reach.everywhere else reach.sites


urlpatterns = [path("feeds/<str:secret>.ics", calendar, name="calendar_feed")]
