"""Two people at the same thing: the second is told what changed, and keeps what they typed.

A form carries `seen`, the newest journal row of its subject when it was drawn. The service refuses
a save over a newer one (`clinic.journal.ChangedMeanwhile`); the form then comes back with a notice
and with `seen` brought up to date, so that a second save is a decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.forms import Form, SelectMultiple
from django.http import QueryDict

from api.desk.frame import Asked
from clinic.journal import ChangedMeanwhile
from clinic.models import Site, User

NOTHING: tuple[Any, ...] = (None, "", [], {})
SHORT = 8
"""Of longer lists only what differs is told."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that somebody else changed, in words."""

    field: str
    before: str
    after: str
    mine: bool


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """Who changed what, and when by the site's clock. `mine`: the form has typed it differently."""

    who: str
    at: datetime
    changes: tuple[Change, ...]
    seen: int


def seen_in(request: Asked) -> int | None:
    """The newest change that the form was drawn with."""
    text = request.POST.get("seen", "")
    return int(text) if text.isdecimal() and len(text) < 19 else None


def meanwhile(form: Form, error: ChangedMeanwhile, site: Site) -> Meanwhile:
    """What to tell above the form that `theirs` makes."""
    form.is_valid()
    last = error.entries[-1]
    user = User.objects.filter(email=last.actor).first()
    return Meanwhile(
        who=(user.get_full_name() if user else "") or last.actor,
        at=last.at.astimezone(site.zone),
        changes=tuple(_changes(form, error)),
        seen=last.pk,
    )


def theirs(form: Form, error: ChangedMeanwhile) -> QueryDict:
    """What was typed, with the others' values where nothing was: data for the form anew."""
    data = QueryDict(mutable=True)
    for name, values in dict(form.data).items():
        data.setlist(name, list(values) if isinstance(values, list) else [values])
    for name, (before, after) in _fields(form, error).items():
        if name in form.fields and _same(form.cleaned_data.get(name), before):
            values = after if isinstance(after, list) else [after]
            texts = ["" if value is None else str(value) for value in values]
            several = isinstance(form.fields[name].widget, SelectMultiple)
            data.setlist(name, texts if several else [", ".join(texts)])
            if after is False:
                del data[name]
    return data


def _fields(form: Form, error: ChangedMeanwhile) -> dict[str, tuple[Any, Any]]:
    """Each field's value before the first change and after the last, where these differ."""
    found: dict[str, tuple[Any, Any]] = {}
    for entry in error.entries:
        was, became = _apart(form, entry.before), _apart(form, entry.after)
        for name, after in became.items():
            found[name] = (found[name][0] if name in found else was.get(name), after)
    return {name: pair for name, pair in found.items() if not _same(*pair)}


def _apart(form: Form, told: dict[str, Any]) -> dict[str, Any]:
    """What is kept as one mapping and typed in several fields, by field."""
    found: dict[str, Any] = {}
    for name, value in told.items():
        inside = isinstance(value, dict) and set(value) <= set(form.fields)
        found |= value if inside else {name: value}
    return found


def _changes(form: Form, error: ChangedMeanwhile) -> Iterator[Change]:
    for name, (before, after) in _fields(form, error).items():
        field = form.fields.get(name)
        label = field.label if field and field.label else name.replace("_", " ").capitalize()
        typed = form.cleaned_data.get(name)
        mine = name in form.fields and not _same(typed, before) and not _same(typed, after)
        if isinstance(before, list) and isinstance(after, list) and len(before + after) > SHORT:
            before, after = _without(before, after), _without(after, before)
        yield Change(str(label), _words(before), _words(after), mine)


def _without(these: list[Any], those: list[Any]) -> list[Any]:
    return [one for one in these if one not in those]


def _same(typed: Any, kept: Any) -> bool:
    if typed in NOTHING and kept in NOTHING:
        return True
    if isinstance(typed, str) and isinstance(kept, list):
        typed = [word.strip() for word in typed.split(",")]
    if isinstance(typed, (list, tuple)) and isinstance(kept, list):
        return sorted(map(str, typed)) == sorted(map(str, kept))
    return str(typed) == str(kept)


def _words(value: Any) -> str:
    if value in NOTHING:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{name.replace('_', ' ')}: {_words(one)}" for name, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
