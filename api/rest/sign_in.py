"""/o/token/: OAuth2 client credentials (RFC 6749, section 4.4)."""

from __future__ import annotations

import json
from typing import Any

from django.db import DataError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.views import TokenView

from api.errors import CONTENT_TYPE, Problem
from api.rate import SIGN_IN, address, ask


@method_decorator(csrf_exempt, name="dispatch")
class Tokens(TokenView):
    """Slowed down by address, since each try costs a password hash."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        standing = ask(SIGN_IN, address(request))
        if standing.wait:
            seconds = max(1, round(standing.wait))
            problem = Problem("too-fast", f"Ask again in {seconds} s.")
            response = HttpResponse(
                json.dumps(problem.members), status=problem.status, content_type=CONTENT_TYPE
            )
            response["Retry-After"] = str(seconds)
            return response
        if request.POST.get("grant_type") != "client_credentials":
            return JsonResponse({"error": "unsupported_grant_type"}, status=400)
        try:
            answer: HttpResponse = super().dispatch(request, *args, **kwargs)
        except (ValueError, DataError):
            return JsonResponse({"error": "invalid_request"}, status=400)
        return answer
