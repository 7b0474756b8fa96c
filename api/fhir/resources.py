"""Resources in and out: read by the R4B models of fhir.resources, written through them."""

from __future__ import annotations

from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from api.errors import Problem

MOST_ERRORS = 10
REFUSED = ("implicitRules", "modifierExtension")
"""Elements that change what others mean: nobody may ignore them, and we understand none."""


def pruned(value: Any) -> Any:
    """The same without what is empty: FHIR has no empty text, list or object."""
    if isinstance(value, dict):
        kept = {key: pruned(member) for key, member in value.items()}
        return {key: member for key, member in kept.items() if member not in (None, "", [], {})}
    if isinstance(value, list):
        return [member for member in map(pruned, value) if member not in (None, "", [], {})]
    return value


def checked(facts: dict[str, Any]) -> dict[str, Any]:
    """A resource as JSON, valid by its model. ValidationError is a fault of ours.

    What was checked is answered as it is: writing the model out again takes as long as the check.
    """
    shown: dict[str, Any] = pruned(facts)
    get_fhir_model_class(facts["resourceType"]).model_validate(shown)
    return shown


def read_resource(data: Any, kind: str) -> dict[str, Any]:
    """A resource of that type as its model understands it; 400 naming each element that is wrong.

    422 for elements that change the meaning of others.
    """
    if not isinstance(data, dict) or data.get("resourceType") != kind:
        raise Problem("malformed", f"The body must be a {kind} (resourceType).")
    try:
        model = get_fhir_model_class(kind).model_validate(data)
        known: dict[str, Any] = model.model_dump(mode="json")
    except ValidationError as error:
        raise _not_valid(error, kind) from None
    except (ValueError, TypeError, ArithmeticError, RecursionError, LookupError):
        raise Problem("malformed", f"The body is no valid {kind}.") from None
    if strange := [name for name in REFUSED if name in known]:
        message = "This element is not supported and cannot be ignored."
        raise Problem("refused", f"{strange[0]}: {message}", errors=[(strange[0], message)])
    return known


def _not_valid(error: ValidationError, kind: str) -> Problem:
    found = []
    for one in error.errors(include_url=False, include_input=False)[:MOST_ERRORS]:
        path = ".".join(str(part) for part in one["loc"] if not str(part)[:1].isupper())
        found.append((f"{kind}.{path}"[:200], one["msg"][:300]))
    said = "; ".join(f"{path}: {message}" for path, message in found)
    return Problem("malformed", said, errors=found)
