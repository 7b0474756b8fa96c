"""Whether what a screen shows is still so: an answer without a body while it is."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.crypto import salted_hmac

from api.desk.frame import Asked, kept_nowhere
from clinic.journal import stamp

MINUTE = timedelta(minutes=1)
"""How long estimates are good for."""


def tag_of(
    request: Asked, site: int, what: str, now: datetime, good_for: timedelta = MINUTE
) -> str:
    """The entity tag of what somebody sees of a site: one query.

    It is of this person and this board, and changes with the site's journal, where a right that is
    taken away is a row too, and with the clock: an estimate grows old by itself.
    """
    told = f"{request.user.pk}:{site}:{what}:{stamp(site)}:{now.timestamp() // good_for.seconds}"
    return f'"{salted_hmac("api.desk.freshness", told).hexdigest()[:24]}"'


def unchanged(request: Asked, tag: str) -> HttpResponse | None:
    """304 for who holds this very tag; then nothing is read and nobody's rights are asked again."""
    if "If-None-Match" not in request.headers:
        return None
    answer = get_conditional_response(request, etag=tag)
    return kept_nowhere(answer) if answer is not None and answer.status_code == 304 else None


def tagged(response: HttpResponse, tag: str) -> HttpResponse:
    response["ETag"] = tag
    return response
