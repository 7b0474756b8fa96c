"""What went wrong, as RFC 9457 `application/problem+json`, for everything under /api/.

`KINDS` is every problem this API can answer. Besides the members of the RFC an answer may hold
`refusals: [{"rule", "subject", "message", "step"?, "date"?}]` where a rule says no to a booking,
and `errors: [{"field", "message"}]` where the request itself is wrong.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as FieldsWrong
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework import exceptions as drf
from rest_framework.response import Response

from api.webhooks.endpoints import NotReplayable
from billing.errors import MoneyRefused
from clinic.journal import ChangedMeanwhile
from clinic.services.patients import MrnTaken
from scheduling.errors import (
    ProposalExpired,
    ProposalUnknown,
    Refused,
    SlotTaken,
    UnknownProtocol,
)
from scheduling.planner.plans import Refusal
from scheduling.services.offering import OfferGone

CHANGED_ADVICE = "Read it again, then say what is to change."
CONTENT_TYPE = "application/problem+json"
KINDS = {
    "malformed": (400, "The request is malformed"),
    "not-signed-in": (401, "A valid bearer token is needed"),
    "not-permitted": (403, "This is not permitted"),
    "not-found": (404, "There is nothing here"),
    "method": (405, "This method does not apply here"),
    "not-acceptable": (406, "No answer of this kind can be given"),
    "taken": (409, "The place was taken"),
    "mrn-taken": (409, "Another patient has this MRN"),
    "on-its-way": (409, "This event is on its way already"),
    "still-running": (409, "The first request with this key is still running"),
    "changed-meanwhile": (412, "Somebody else changed it meanwhile"),
    "length-needed": (411, "The body must come with its length"),
    "too-large": (413, "The body is too large"),
    "not-json": (415, "The body must be application/json"),
    "refused": (422, "A rule says no"),
    "unknown-reference": (422, "The request names something unknown"),
    "key-reused": (422, "This Idempotency-Key was used for another request"),
    "condition-needed": (428, "The request must say which version it changes"),
    "too-fast": (429, "Too many requests"),
    "failed": (500, "Something failed here"),
    "unavailable": (503, "Not available right now"),
}
BY_STATUS = {status: kind for kind, (status, _) in reversed(KINDS.items())}


class Problem(Exception):
    """An answer that is an error, in the words of `KINDS`."""

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        errors: Iterable[tuple[str, str]] = (),
        refusals: Iterable[dict[str, str]] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.headers = kind, detail, headers or {}
        self.status, self.title = KINDS[kind]
        self.errors = [{"field": field, "message": message} for field, message in errors]
        self.refusals = list(refusals)

    @property
    def members(self) -> dict[str, Any]:
        """The JSON object of the RFC."""
        members: dict[str, Any] = {
            "type": f"urn:chairtime:problem:{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.refusals:
            members["refusals"] = self.refusals
        if self.errors:
            members["errors"] = self.errors
        return members


def wrong(field: str, message: str) -> Problem:
    """400: a field or query parameter is not what it must be."""
    return Problem("malformed", f"{field}: {message}", errors=[(field, message)])


def unknown(field: str, message: str) -> Problem:
    """422: a field of the body names something that does not exist, or not for this caller."""
    return Problem("unknown-reference", f"{field}: {message}", errors=[(field, message)])


def _refusal(refusal: Refusal) -> dict[str, str]:
    members = {"rule": refusal.rule, "subject": refusal.subject, "message": refusal.message}
    if refusal.step:
        members["step"] = refusal.step
    if refusal.day:
        members["date"] = refusal.day.isoformat()
    return members


def _refused(kind: str) -> Callable[[Any], Problem]:
    def problem(error: Refused) -> Problem:
        said = " ".join(refusal.message for refusal in error.refusals)
        return Problem(kind, said, refusals=map(_refusal, error.refusals))

    return problem


def _token(rule: str, message: str) -> Callable[[Any], Problem]:
    refusal = {"rule": rule, "subject": "proposal", "message": message}
    return lambda error: Problem("refused", message, refusals=[refusal])


def _changed(error: ChangedMeanwhile) -> Problem:
    return Problem("changed-meanwhile", f"{error} {CHANGED_ADVICE}")


def _money(error: MoneyRefused) -> Problem:
    refusal = {"rule": error.rule, "subject": "money", "message": str(error)}
    return Problem("refused", str(error), refusals=[refusal])


def _gone(error: Any) -> Problem:
    refusal = {"rule": "offer_stands", "subject": "offer", "message": str(error)}
    return Problem("taken", str(error), refusals=[refusal])


def _fields(error: Any) -> Problem:
    detail = error.detail if isinstance(error, drf.ValidationError) else _messages(error)
    found = list(_flat(detail))
    said = "; ".join(f"{field}: {message}" if field else message for field, message in found)
    return Problem("malformed", said, errors=found)


def _messages(error: FieldsWrong) -> dict[str, list[str]]:
    named = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    return {"" if field == "__all__" else field: told for field, told in named.items()}


def _flat(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(dotted field, message) for each message of DRF's nested lists and dicts."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            at = path if key == "non_field_errors" else f"{path}.{key}".lstrip(".")
            yield from _flat(value, at)
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            nested = isinstance(value, (dict, list))
            if value:
                yield from _flat(value, f"{path}.{index}" if nested else path)
    else:
        yield path, str(detail)


def _too_fast(error: drf.Throttled) -> Problem:
    seconds = max(1, math.ceil(error.wait or 1))
    headers = {"Retry-After": str(seconds)}
    return Problem("too-fast", f"Ask again in {seconds} s.", headers=headers)


def _same_words(kind: str) -> Callable[[Any], Problem]:
    return lambda error: Problem(kind, str(getattr(error, "detail", error)) or KINDS[kind][1])


def _unauthorised(error: drf.APIException) -> Problem:
    headers = {"WWW-Authenticate": getattr(error, "auth_header", "Bearer")}
    return Problem("not-signed-in", str(error.detail), headers=headers)


# The first row that fits answers: an error stands above those it is derived from.
TRANSLATIONS: list[tuple[type[Exception], Callable[[Any], Problem]]] = [
    (Problem, lambda error: error),
    (OfferGone, _gone),
    (SlotTaken, _refused("taken")),
    (Refused, _refused("refused")),
    (ProposalUnknown, _token("proposal_unknown", "This proposal was never given out.")),
    (ProposalExpired, _token("proposal_expired", "This proposal is too old: ask for new ones.")),
    (UnknownProtocol, lambda error: unknown("protocol", "There is no protocol with this key.")),
    (ChangedMeanwhile, _changed),
    (MoneyRefused, _money),
    (MrnTaken, _same_words("mrn-taken")),
    (NotReplayable, _same_words("on-its-way")),
    (FieldsWrong, _fields),
    (PermissionDenied, _same_words("not-permitted")),
    (Http404, lambda error: Problem("not-found", "Nothing here has this address.")),
    (RequestDataTooBig, _same_words("too-large")),
    (drf.ValidationError, _fields),
    (drf.ParseError, _same_words("malformed")),
    (drf.NotAuthenticated, _unauthorised),
    (drf.AuthenticationFailed, _unauthorised),
    (drf.PermissionDenied, _same_words("not-permitted")),
    (drf.MethodNotAllowed, _same_words("method")),
    (drf.UnsupportedMediaType, _same_words("not-json")),
    (drf.Throttled, _too_fast),
]


def translate(error: Exception) -> Problem | None:
    """The problem that an error is to a caller; None for a fault of ours."""
    for kind, problem in TRANSLATIONS:
        if isinstance(error, kind):
            return problem(error)
    return None


def answer(error: Exception, context: dict[str, Any] | None = None) -> Response | None:
    """DRF's exception handler."""
    problem = translate(error)
    if problem is None:
        return None
    return Response(
        problem.members,
        status=problem.status,
        headers=problem.headers,
        content_type=CONTENT_TYPE,
    )


def problems_under_api(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: whatever Django itself answers under /api/ is a problem too, never a page."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        page = response.headers.get("Content-Type", "").startswith("text/html")
        if response.status_code < 400 or not page or not request.path.startswith("/api/"):
            return response
        kind = BY_STATUS.get(response.status_code, "malformed")
        detail = {404: "Nothing here has this address.", 500: "The failure is recorded."}
        problem = Problem(kind, detail.get(response.status_code, KINDS[kind][1]))
        problem.status = response.status_code
        if problem.status not in BY_STATUS:
            problem.title = HTTPStatus(response.status_code).phrase
        return HttpResponse(
            json.dumps(problem.members), status=problem.status, content_type=CONTENT_TYPE
        )

    return middleware
