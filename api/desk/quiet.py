"""Pages that somebody opens by a secret address: neither kept, nor indexed, nor guessed."""

from __future__ import annotations

import math
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from api.desk.frame import kept_nowhere
from api.rate import Limit, address, ask


def quiet(response: HttpResponse, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Neither kept, nor found by a search, nor passed on to where a link leads."""
    response["Referrer-Policy"] = "same-origin"  # with "no-referrer" a post has no origin
    response["X-Robots-Tag"] = "noindex, nofollow"
    for name, value in (headers or {}).items():
        response[name] = value
    return kept_nowhere(response)


def too_many(request: HttpRequest, tries: Limit) -> HttpResponse | None:
    """The answer to an address that guesses secrets; None for everybody else."""
    if wait := ask(tries, address(request)).wait:
        headers = {"Retry-After": str(math.ceil(wait))}
        return quiet(render(request, "429.html", status=429), headers)
    return None
