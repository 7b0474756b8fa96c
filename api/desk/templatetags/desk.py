"""What templates of the desk need beyond Django's: icons, dates in our words, signs."""

from __future__ import annotations

import json
from datetime import date, datetime
from functools import cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from api.desk import words
from api.desk.places import moments
from clinic.models import Patient

register = template.Library()
register.filter("moments", moments)
register.filter("day", words.day)
register.filter("day_and_year", words.day_and_year)
register.filter("clock", words.clock)
register.filter("json", json.dumps)
register.filter("born", words.born)
register.filter("phase", words.phase)
register.filter("telephone", words.telephone)
register.filter("hue", words.hue)


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """A drawing from the sprite; decoration only, so the word stands beside it."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>',
        static("vendor/icons.svg"),
        name,
    )


@register.simple_tag
@cache
def kind_mark(hue: str) -> SafeString:
    return format_html('<span class="kind-mark {}">{}</span>', hue, icon(words.HUE_ICONS[hue]))


@register.simple_tag
@cache
def status(value: str) -> SafeString:
    sign = words.STATUSES[value]
    return format_html('<span class="status {}">{}{}</span>', sign.tone, icon(sign.icon), sign.word)


@register.filter
def iso(value: date | datetime) -> str:
    return value.isoformat()


@register.simple_tag
def demo_sign_ins() -> list[tuple[str, str]]:
    """(role, address) of the demo's people; empty in a real clinic."""
    if not Patient.objects.filter(is_demo=True).exists():
        return []
    names = ["Front desk", "Therapist", "Nurse", "Charge nurse", "Prescriber", "Biller"]
    return [
        (name, f"{name.lower().split()[0].replace('front', 'desk')}@chairtime.example")
        for name in [*names, "Manager", "Admin"]
    ]


@register.simple_tag(takes_context=True)
def rebook(context: template.Context) -> list[Any] | None:
    """The series and step that was given up on the page before; told once."""
    request = context.get("request")
    return request.session.pop("rebook", None) if request else None


@register.filter
def of(mapping: dict[Any, Any], key: Any) -> Any:
    return mapping.get(key)


@register.filter
def times(number: str | int) -> range:
    """As many turns of a loop."""
    return range(int(number))
