"""What the card processor tells us: POST /stripe/webhook, once in effect however often it comes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.processing import NotSigned, processor
from billing.services.events import take_event


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """200 once an event is kept and has had its effect; 400 unless the processor signed it.

    404 where cards are not taken on line.
    """
    cards = processor()
    if cards is None:
        return JsonResponse({"detail": "Cards are not taken on line here."}, status=404)
    try:
        told = cards.read(request.body, request.headers.get("Stripe-Signature", ""))
    except NotSigned:
        return JsonResponse({"detail": "This was not signed by the card processor."}, status=400)
    take_event(told=told, now=timezone.now())
    return JsonResponse({"received": True})
