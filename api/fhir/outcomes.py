"""What went wrong as an OperationOutcome, for everything under /fhir/; the problems are the REST
API's (api.errors), so that both doors refuse alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.response import Response

from api.errors import BY_STATUS, KINDS, Problem, translate
from api.fhir.resources import pruned
from api.fhir.systems import RULE, coding

CONTENT_TYPE = "application/fhir+json; charset=utf-8"
CODES = {
    "malformed": "invalid",
    "not-signed-in": "login",
    "not-permitted": "forbidden",
    "not-found": "not-found",
    "method": "not-supported",
    "not-acceptable": "not-supported",
    "taken": "conflict",
    "mrn-taken": "duplicate",
    "on-its-way": "conflict",
    "still-running": "transient",
    "length-needed": "structure",
    "changed-meanwhile": "conflict",
    "too-large": "too-long",
    "not-json": "not-supported",
    "refused": "business-rule",
    "unknown-reference": "not-found",
    "key-reused": "business-rule",
    "condition-needed": "required",
    "too-fast": "throttled",
    "failed": "exception",
    "unavailable": "transient",
}


def outcome(issues: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return pruned({"resourceType": "OperationOutcome", "issue": list(issues)})


def told(severity: str, code: str, text: str) -> dict[str, Any]:
    """One issue."""
    return {"severity": severity, "code": code, "details": {"text": text}, "diagnostics": text}


def outcome_of(problem: Problem) -> dict[str, Any]:
    """An issue for each rule that says no, or each field that is wrong; else one for all."""
    code = CODES[problem.kind]
    issues = [_refusal(refusal, code) for refusal in problem.refusals]
    issues += [
        told("error", code, error["message"]) | {"expression": [error["field"]]}
        for error in problem.errors
        if not problem.refusals
    ]
    said = problem.detail or problem.title
    return outcome(issues or [told("error", code, said)])


def _refusal(refusal: dict[str, str], code: str) -> dict[str, Any]:
    """`details` has the rule as a code and its reason as text; `diagnostics` says about what."""
    about = [refusal["subject"], refusal.get("step", ""), refusal.get("date", "")]
    return {
        "severity": "information" if refusal.get("hint") else "error",
        "code": "informational" if refusal.get("hint") else code,
        "details": {"coding": [coding(RULE, refusal["rule"])], "text": refusal["message"]},
        "diagnostics": f"{refusal['message']} ({', '.join(filter(None, about))})",
    }


def answer(error: Exception, context: dict[str, Any] | None = None) -> Response | None:
    """DRF's exception handler for the FHIR doors."""
    problem = translate(error)
    if problem is None:
        return None
    return Response(
        outcome_of(problem),
        status=problem.status,
        headers=problem.headers,
        content_type=CONTENT_TYPE,
    )


def outcomes_under_fhir(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: whatever Django itself answers under /fhir/ is an OperationOutcome too."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        page = response.headers.get("Content-Type", "").startswith("text/html")
        if response.status_code < 400 or not page or not request.path.startswith("/fhir/"):
            return response
        kind = BY_STATUS.get(response.status_code, "malformed")
        said = {404: "There is no such resource here; /fhir/R4/metadata lists what there is."}
        text = said.get(response.status_code, KINDS[kind][1])
        if response.status_code not in BY_STATUS:
            text = HTTPStatus(response.status_code).phrase
        body = json.dumps(outcome([told("error", CODES[kind], text)]))
        return HttpResponse(body, status=response.status_code, content_type=CONTENT_TYPE)

    return middleware
