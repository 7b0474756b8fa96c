"""A form of billing: a dialog over the page behind it, a page of its own without scripts."""

from __future__ import annotations

from typing import Any

from django.forms import Form
from django.http import HttpResponse
from django.utils.crypto import get_random_string

from api.desk.frame import Asked, page, part
from clinic.models import Site


def dialog(
    request: Asked, inner: str, title: str, site: Site, form: Form, **context: Any
) -> HttpResponse:
    """The form, wrong fields marked with a 422. `inner` is the template of its body."""
    status = 422 if form.errors else 200
    context |= {"inner": f"desk/money/{inner}.html", "title": title, "form": form}
    if request.htmx:
        return part(request, "desk/money/dialog.html", status=status, site=site, **context)
    return page(request, "desk/money/alone.html", here="money", site=site, status=status, **context)


def once_key(request: Asked) -> str:
    """What makes a form's act happen once, however often it is sent."""
    sent = request.POST.get("key", "")
    return sent if sent.isalnum() and 20 <= len(sent) <= 40 else get_random_string(24)
