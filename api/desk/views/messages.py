"""The log of messages: what left, what is to leave, and whom to call instead."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from api.desk.forms import as_day
from api.desk.frame import Asked, actor, behind, open_site, page, part, signed_in
from api.desk.messages import STANDS, row_of
from api.desk.telling import tell
from clinic.models import Site
from scheduling.messaging.adapters import SPOOL
from scheduling.messaging.words import KINDS
from scheduling.models import Message
from scheduling.selectors.messages import count_stands, messages_of, on_day, standing
from scheduling.services import delivery

PER_PAGE = 50


@require_safe
@signed_in
def listed(request: Asked, site: int) -> HttpResponse:
    """By stand, kind and day, all in the address; those that need somebody first."""
    place = open_site(request, site, "see_messages")
    now = timezone.now()
    rows = messages_of(place)
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    if kind:
        rows = rows.filter(kind=kind)
    on = as_day(request.GET.get("on", ""))
    if on:
        rows = on_day(rows, on, place)
    counts = count_stands(rows, now)
    stand = request.GET.get("stand", "")
    if stand not in STANDS:
        stand = next((one for one in STANDS if counts[one]), "sent")
    shown = Paginator(standing(rows, stand, now), PER_PAGE).get_page(request.GET.get("page"))
    return page(
        request,
        "desk/messages/list.html",
        here="messages",
        site=place,
        rows=[row_of(one, request.user, place) for one in shown],
        shown=shown,
        stand=stand,
        stands=[(name, sign, counts[name]) for name, sign in STANDS.items()],
        kind=kind,
        kinds={name: one.label for name, one in KINDS.items()},
        on=on,
        total=sum(counts.values()),
        to_files=[channel for channel, way in settings.MESSAGE_WAYS.items() if way == SPOOL],
    )


@require_safe
@signed_in
def message(request: Asked, message: int) -> HttpResponse:
    """One message: its words, its way, and what can be done about it."""
    row, place = _open(request, message)
    shown = row_of(row, request.user, place)
    if request.htmx:
        return part(request, "desk/messages/message.html", row=shown, site=place)
    return page(request, "desk/messages/message_page.html", here="messages", site=place, row=shown)


@require_POST
@signed_in
def again(request: Asked, message: int) -> HttpResponse:
    """Send it once more."""
    row, place = _open(request, message)
    try:
        delivery.send_again(message=row.pk, actor=actor(request), now=timezone.now())
    except delivery.NotSendable:
        tell(request, "Somebody has dealt with this message already.")
    except ValidationError as no:
        return part(
            request,
            "desk/messages/message.html",
            status=422,
            row=row_of(row, request.user, place),
            site=place,
            refused=no.messages,
        )
    else:
        tell(request, "It will leave within a minute.")
    return behind(request, "desk:messages", place.pk)


@require_POST
@signed_in
def settled(request: Asked, message: int) -> HttpResponse:
    """The patient was called, or it is left."""
    row, place = _open(request, message)
    try:
        delivery.settle(message=row.pk, actor=actor(request), now=timezone.now())
    except delivery.NotSendable:
        tell(request, "Somebody has dealt with this message already.")
    else:
        tell(request, "Dealt with.")
    return behind(request, "desk:messages", place.pk)


def _open(request: Asked, pk: int) -> tuple[Message, Site]:
    row = Message.objects.filter(pk=pk).select_related("patient").first()
    if row is None:
        raise Http404
    return row, open_site(request, row.site_id, "see_messages")
