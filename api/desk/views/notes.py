"""The note on a visit: read by who gives care, written in its sheet."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from api.desk.forms import NoteForm
from api.desk.frame import Asked, actor, page, part, signed_in
from api.desk.meanwhile import meanwhile, seen_in, theirs
from api.desk.telling import tell
from api.desk.views.visits import open_visit
from api.permissions import require
from clinic.journal import ChangedMeanwhile, newest
from scheduling.services.notes import note_subject, write_note


@require_http_methods(["GET", "POST"])
@signed_in
def note(request: Asked, visit: int) -> HttpResponse:
    """The note to be written; posted, it is kept, and the sheet shows it."""
    found = open_visit(request, visit)
    require(request.user, "write_notes", found.site)
    context: dict[str, Any] = {"visit": found, "seen": newest(note_subject(found.pk))}
    form = NoteForm(request.POST or None, initial={"note": found.note})
    if request.method == "POST" and form.is_valid():
        try:
            found.note = write_note(
                appointment=found.pk,
                note=form.cleaned_data["note"],
                seen=seen_in(request),
                actor=actor(request),
                now=timezone.now(),
            ).note
        except ChangedMeanwhile as late:
            context["it"] = meanwhile(form, late, found.site)
            context["seen"] = context["it"].seen
            form = NoteForm(theirs(form, late))
        except ValidationError as wrong:
            form.add_error("note", wrong.message_dict["note"][0])
        else:
            said = "Note saved." if found.note else "Note taken away."
            tell(request, said, undo=note_subject(found.pk))
            return part(request, "desk/visits/note.html", visit=found, may_note=True, kept=True)
    context["form"] = form
    status = 409 if "it" in context else 422 if form.errors else 200
    if request.htmx:
        return part(request, "desk/visits/note_form.html", status=status, **context)
    return page(
        request, "desk/visits/note_page.html", here="day", site=found.site, status=status, **context
    )
