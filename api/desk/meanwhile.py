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

from django.forms import Form
from django.http import QueryDict

from api.desk.frame import Asked
from clinic.journal import ChangedMeanwhile
from clinic.models import Site, User

NOTHING: tuple[Any, ...] = (None, "", [], {})


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
    for name, (before, after) in _fields(error).items():
        if name in form.fields and _same(form.cleaned_data.get(name), before):
            values = after if isinstance(after, list) else [after]
            data.setlist(name, ["" if value is None else str(value) for value in values])
            if after is False:
                del data[name]
    return data


def _fields(error: ChangedMeanwhile) -> dict[str, tuple[Any, Any]]:
    """Each field's value before the first change and after the last."""
    found: dict[str, tuple[Any, Any]] = {}
    for entry in error.entries:
        for name, after in entry.after.items():
            before = found[name][0] if name in found else entry.before.get(name)
            found[name] = (before, after)
    return found


def _changes(form: Form, error: ChangedMeanwhile) -> Iterator[Change]:
    for name, (before, after) in _fields(error).items():
        field = form.fields.get(name)
        label = field.label if field and field.label else name.replace("_", " ").capitalize()
        typed = form.cleaned_data.get(name)
        mine = name in form.fields and not _same(typed, before) and not _same(typed, after)
        yield Change(str(label), _words(before), _words(after), mine)


def _same(typed: Any, kept: Any) -> bool:
    if typed in NOTHING and kept in NOTHING:
        return True
    if isinstance(typed, (list, tuple)) and isinstance(kept, list):
        return sorted(map(str, typed)) == sorted(map(str, kept))
    return str(typed) == str(kept)


def _words(value: Any) -> str:
    if value in NOTHING:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
