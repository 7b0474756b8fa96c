"""ETag and If-Match (RFC 9110, 8.8.3 and 13.1): what a caller has seen, and lost updates refused.

A tag names the newest change in the journal and what was shown. A change that comes with the tag
of an older showing is 412; the service asks once more for the journal's part when it has locked
the rows, so that of two changes at once only one is made.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import CHANGED_ADVICE, Problem, wrong
from api.rest.parsing import Parameter
from clinic.journal import newest

TAGS = re.compile(r'\s*(?:\*|(?:W/)?"[^"]*"(?:\s*,\s*(?:W/)?"[^"]*")*)\s*')
TAG = re.compile(r'(W/)?("[^"]*")')
LONGEST = 2000


def _tags(text: str) -> str:
    if len(text) > LONGEST or not TAGS.fullmatch(text):
        raise ValueError('It must be a tag such as "1f-0a2b", several by commas, or *.')
    return text


_SCHEMA = {"type": "string", "maxLength": LONGEST, "pattern": r'^(\*|(W/)?"[ !#-~]*")$'}
IF_MATCH = Parameter(
    _tags, "The ETag of what was read: 412 when somebody changed it since.", _SCHEMA
)
IF_NONE_MATCH = Parameter(
    _tags, "The ETag of what was read: 304 without a body while it is still so.", _SCHEMA
)

READ: dict[str, Parameter] = {"If-None-Match": IF_NONE_MATCH}
CHANGE: dict[str, Parameter] = {"If-Match": IF_MATCH}


def tag_of(shown: Mapping[str, Any], change: int) -> str:
    """A strong tag of what is shown, after the newest change that it tells of."""
    text = json.dumps(shown, sort_keys=True).encode()
    return f'"{change:x}-{hashlib.sha256(text).hexdigest()[:16]}"'


def with_tag(shown: dict[str, Any], *subjects: str, status: int = 200) -> Response:
    """What is shown, under its tag. `subjects` are those of the journal that it tells of."""
    return Response(shown, status=status, headers={"ETag": tag_of(shown, newest(*subjects))})


def read(request: Request, shown: dict[str, Any], *subjects: str) -> Response:
    """The same for a GET: 304 when the caller has it already."""
    answer = with_tag(shown, *subjects)
    given = _given(request, "If-None-Match", IF_NONE_MATCH)
    if given and (given.strip() == "*" or answer["ETag"] in [tag for _, tag in _split(given)]):
        return Response(status=304, headers={"ETag": answer["ETag"]})
    return answer


def seen(request: Request, shown: Mapping[str, Any], *subjects: str) -> int | None:
    """The newest change that the caller has seen, for the service; None when they do not say.

    `shown` is how it stands now. 412 when that is not what If-Match names.
    """
    given = _given(request, "If-Match", IF_MATCH)
    if given is None or given.strip() == "*":
        return None
    change = newest(*subjects)
    if tag_of(shown, change) not in [tag for weak, tag in _split(given) if not weak]:
        raise Problem("changed-meanwhile", f"If-Match names an older state. {CHANGED_ADVICE}")
    return change


def _given(request: Request, name: str, parameter: Parameter) -> str | None:
    text = request.headers.get(name)
    if text is None:
        return None
    try:
        return str(parameter.read(text))
    except ValueError as error:
        raise wrong(name, str(error)) from None


def _split(text: str) -> list[tuple[str, str]]:
    return TAG.findall(text)
