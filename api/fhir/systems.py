"""The names by which this clinic's identifiers and codes are known: addresses under PUBLIC_URL."""

from __future__ import annotations

from typing import Any

from django.conf import settings

MRN = "sid/mrn"
SERIES = "sid/series"
PROPOSAL = "sid/proposal"
SITE = "sid/site"
VISIT_TYPE = "CodeSystem/visit-type"
"""A protocol's key, or protocol/step: what is booked."""
ROLE = "CodeSystem/role"
CAPABILITY = "CodeSystem/capability"
RULE = "CodeSystem/rule"
URI = "urn:ietf:rfc:3986"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
IHE = "https://profiles.ihe.net/ITI/Scheduling/"


def system(name: str) -> str:
    """The URI of one of the systems above."""
    return f"{settings.PUBLIC_URL}/fhir/{name}"


def coding(name: str, code: str, display: str = "") -> dict[str, Any]:
    """A code of one of our own systems."""
    return {"system": system(name), "code": code, "display": display}


def standard(name: str, code: str, display: str = "") -> dict[str, Any]:
    """A code of HL7 terminology."""
    return {"system": f"{TERMINOLOGY}{name}", "code": code, "display": display}


def identifier(name: str, value: object) -> dict[str, Any]:
    return {"system": system(name), "value": str(value)}
