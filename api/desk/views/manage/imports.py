"""Patients and staff from a file: choose it, say what the columns hold, look, import."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from api.desk import words
from api.desk.breaks import shown as shown_breaks
from api.desk.frame import Asked, actor, kept_nowhere, open_site, page, part, signed_in, sites_of
from api.desk.importing import KINDS, ORDERS, ImportForm, Preview, preview, text_in
from api.desk.telling import tell
from api.permissions import may, require, visible_patients
from clinic.imports.outcome import Change, Outcome
from clinic.imports.table import NotATable, guarded
from clinic.models import ImportDraft, Patient, Site
from clinic.services.importing import (
    FIELDS,
    ImportRefused,
    discard_import,
    import_patients,
    map_columns,
    replace_file,
    start_import,
)
from scheduling.errors import WouldBreakVisits
from scheduling.services.importing import import_staff


def open_draft(request: Asked, pk: int) -> ImportDraft:
    """A file of one's own that may still be imported, or 404."""
    mine = ImportDraft.objects.select_related("site__organisation").filter(user=request.user)
    draft = mine.filter(pk=pk).first()
    if draft is None:
        raise Http404
    require(request.user, KINDS[draft.kind].action, draft.site)
    return draft


def staffed(request: Asked) -> list[Site]:
    """The sites whose staff one may write."""
    return [site for site in sites_of(request) if may(request.user, "manage_staff", site)]


def homes(request: Asked) -> list[int]:
    """The sites whose patients one may correct."""
    return [site.pk for site in sites_of(request) if may(request.user, "manage_patients", site)]


def looked_at(request: Asked, draft: ImportDraft) -> Preview:
    mine = visible_patients(request.user, Patient.objects.all())
    return preview(
        draft,
        patients=mine,
        homes=homes(request),
        sites=staffed(request),
        now=timezone.now(),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def home(request: Asked, site: int) -> HttpResponse:
    """Choose a file, or go on with one; what is wrong with a file is said beside it."""
    place = open_site(request, site, "manage_patients", "manage_staff")
    kinds = [kind for kind in KINDS.values() if may(request.user, kind.action, place)]
    asked = request.GET.get("kind")
    first = asked if asked in [kind.key for kind in kinds] else kinds[0].key
    posted = request.POST if request.method == "POST" else None
    form = ImportForm(posted, request.FILES or None, kinds=kinds, initial={"kind": first})
    if form.is_valid():
        try:
            draft = start_import(
                kind=form.cleaned_data["kind"],
                site=place,
                user=request.user,
                text=text_in(form),
                file_name=form.file_name,
                now=timezone.now(),
            )
        except NotATable as wrong:
            form.add_error("file" if form.file_name else "text", str(wrong))
        else:
            return redirect("desk:import-draft", draft.pk)
    drafts = ImportDraft.objects.filter(user=request.user, site=place).defer("text")
    return page(
        request,
        "desk/manage/imports/home.html",
        here="manage",
        tab="import",
        site=place,
        status=422 if form.errors else 200,
        form=form,
        kinds=kinds,
        drafts=[(one, KINDS[one.kind].label) for one in drafts.order_by("-pk")[:5]],
    )


@require_safe
@signed_in
def template(request: Asked, site: int, kind: str) -> HttpResponse:
    """An empty file with every heading and one invented row."""
    place = open_site(request, site, "manage_patients", "manage_staff")
    if kind not in KINDS:
        raise Http404
    require(request.user, KINDS[kind].action, place)
    fields = FIELDS[kind]
    return _csv(f"{kind}.csv", [[one.label for one in fields], [one.example for one in fields]])


@require_safe
@signed_in
def look(request: Asked, draft: int) -> HttpResponse:
    """The columns, and what importing would do now."""
    found = open_draft(request, draft)
    return _page(request, found)


@require_POST
@signed_in
def columns(request: Asked, draft: int) -> HttpResponse:
    """What the columns hold, said anew; what that would do."""
    found = open_draft(request, draft)
    heads = len(found.mapping["columns"])
    chosen = [request.POST.get(f"column-{at}", "") for at in range(heads)]
    order = request.POST.get("order", "")
    found = map_columns(draft=found.pk, columns=chosen, order=order)
    if not request.htmx:
        return redirect("desk:import-draft", found.pk)
    shown = looked_at(request, found)
    return part(request, "desk/manage/imports/preview.html", draft=found, preview=shown)


@require_POST
@signed_in
def file(request: Asked, draft: int) -> HttpResponse:
    """The same file, repaired."""
    found = open_draft(request, draft)
    form = ImportForm(request.POST, request.FILES, kinds=list(KINDS.values()), only_file=True)
    if not form.is_valid():
        return _page(request, found, problem=" ".join(map(str, form.errors["file"])))
    try:
        replace_file(draft=draft, text=text_in(form), file_name=form.file_name, now=timezone.now())
    except NotATable as wrong:
        return _page(request, found, problem=str(wrong))
    return redirect("desk:import-draft", draft)


@require_POST
@signed_in
def run(request: Asked, draft: int) -> HttpResponse:
    """Import every row, or none and say why."""
    found = open_draft(request, draft)
    now, who = timezone.now(), actor(request)
    try:
        if found.kind == ImportDraft.Kind.PATIENTS:
            mine = visible_patients(request.user, Patient.objects.all())
            done = import_patients(
                draft=draft, among=mine, homes=homes(request), actor=who, now=now
            )
        else:
            done = import_staff(draft=draft, sites=staffed(request), actor=who, now=now)
    except ImportDraft.DoesNotExist:  # pressed twice: the first one has imported it
        return redirect("desk:import", found.site_id)
    except ImportRefused as no:
        return _page(request, found, problem=str(no))
    except WouldBreakVisits as no:
        return _page(request, found, breaks=shown_breaks(request, no))
    tell(request, _said(done, KINDS[found.kind].one))
    return redirect("desk:import", found.site_id)


@require_POST
@signed_in
def discard(request: Asked, draft: int) -> HttpResponse:
    """Forget the file; nothing of it was saved."""
    found = open_draft(request, draft)
    discard_import(draft=draft)
    tell(request, "The file is forgotten. Nothing of it was imported.")
    if request.htmx:
        return HttpResponseClientRedirect(reverse("desk:import", args=[found.site_id]))
    return redirect("desk:import", found.site_id)


@require_safe
@signed_in
def faults(request: Asked, draft: int) -> HttpResponse:
    """The rows with faults as a file, with what is wrong in a column of its own."""
    found = open_draft(request, draft)
    return _csv("rows-to-repair.csv", looked_at(request, found).to_repair())


def _page(request: Asked, found: ImportDraft, **more: Any) -> HttpResponse:
    return page(
        request,
        "desk/manage/imports/draft.html",
        here="manage",
        tab="import",
        site=found.site,
        status=422 if more else 200,
        draft=found,
        kind=KINDS[found.kind],
        preview=looked_at(request, found),
        orders=ORDERS,
        **more,
    )


def _said(done: Outcome, one: str) -> str:
    """`3 patients added, 1 changed, 12 as they were.`"""
    new, changed, same = (done.count(change) for change in Change)
    said = [f"{words.count(new, one)} added"] if new or not (changed or same) else []
    said += [f"{changed} changed"] if changed else []
    said += [f"{same} as {'it was' if same == 1 else 'they were'}"] if same else []
    return f"Imported: {', '.join(said)}."


def _csv(name: str, rows: list[list[str]]) -> HttpResponse:
    text = io.StringIO()
    csv.writer(text).writerows([guarded(cell) for cell in row] for row in rows)
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return kept_nowhere(response)
