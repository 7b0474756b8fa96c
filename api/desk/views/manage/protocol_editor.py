"""The editor of a protocol: one part at a time, kept as it is typed, until it is a version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import push_url, reswap, retarget

from api.desk.forms import as_id
from api.desk.frame import Asked, actor, page, part, signed_in
from api.desk.protocol_editor import Editor, author
from api.desk.protocol_fields import differences, rearranged, typed
from api.desk.protocol_pages import SampleForm
from api.desk.telling import tell
from api.desk.views.manage.protocols import next_monday, sample_part
from api.permissions import require
from scheduling import catalogue
from scheduling.catalogue.drafts import (
    UnknownPart,
    add_step,
    copy_step,
    move_step,
    part_of,
    remove_step,
)
from scheduling.models import ProtocolDraft, ProtocolVersion
from scheduling.services.catalogue import UnknownProtocolKey
from scheduling.services.drafting import (
    DraftMoved,
    DraftNotReady,
    DraftTooLong,
    PartChanged,
    UnknownDraft,
    digest,
    discard_draft,
    make_version,
    open_draft,
    rearrange,
    write_part,
)

EDITOR = "desk/manage/protocols/editor.html"
STEPS = ("add-step", "copy-step", "earlier", "later", "remove-step")


def draft_or_404(key: str) -> ProtocolDraft:
    found = ProtocolDraft.objects.select_related("based_on").filter(key=key).first()
    if found is None:
        raise Http404
    return found


@dataclass(frozen=True, slots=True)
class Theirs:
    """What somebody else made of the part, to choose from."""

    who: str
    draft: ProtocolDraft
    part: str
    typed: dict[str, Any]

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """What differs, as (where, theirs, yours)."""
        return differences(part_of(self.draft.definition, self.part), self.typed)

    @property
    def mine(self) -> str:
        """What a form that keeps its own carries: their revision, and the part as they left it."""
        return f"{self.draft.revision}:{digest(part_of(self.draft.definition, self.part))}"


@require_POST
@signed_in
def edit(request: Asked, protocol: str) -> HttpResponse:
    """Go on with the draft of the next version, or begin it."""
    require(request.user, "write_protocols")
    try:
        found = open_draft(key=protocol, actor=actor(request), now=timezone.now())
    except UnknownProtocolKey:
        raise Http404 from None
    return redirect("desk:protocol-draft", found.key)


@require_http_methods(["GET", "POST"])
@signed_in
def draft(request: Asked, draft: str) -> HttpResponse:
    """The editor. A POST keeps the part that it carries, and does what its button says."""
    require(request.user, "write_protocols")
    found = draft_or_404(draft)
    if request.method == "GET":
        return _shown(request, Editor(found, _asked(request, found)))
    return _written(request, found)


def _asked(request: Asked, found: ProtocolDraft) -> str:
    """The part that the address names; a step that is there no more leads to the course."""
    step = request.GET.get("step")
    asked = f"step:{step}" if step else request.GET.get("part", "")
    try:
        part_of(found.definition, asked)
    except UnknownPart:
        steps = found.definition["steps"]
        return f"step:{steps[0]['key']}" if steps and not asked else "course"
    return asked


def _written(request: Asked, found: ProtocolDraft) -> HttpResponse:
    where, act = request.POST.get("part", ""), request.POST.get("act", "")
    try:
        there = part_of(found.definition, where)
    except UnknownPart:
        said = "Somebody removed this step meanwhile. It is not in the draft any more."
        return _shown(request, Editor(found, "course"), status=422, problem=said, whole=True)
    value = rearranged(typed(where, there, request.POST), act)
    revision, was = as_id(request.POST.get("revision", "")), request.POST.get("was", "")
    if act.startswith("mine:"):
        _, number, was = f"{act}:".split(":")[:3]
        revision = as_id(number)
    by: dict[str, Any] = {"actor": actor(request), "now": timezone.now()}
    try:
        kept = write_part(key=found.key, part=where, value=value, revision=revision, was=was, **by)
        if act in STEPS:
            kept, where = _rearranged(kept, where, act, by)
    except PartChanged as other:
        theirs = Theirs(author(other.draft), other.draft, where, value)
        editor = Editor(other.draft, where, value)
        return _shown(request, editor, status=409, theirs=theirs, revision=revision, was=was)
    except DraftTooLong:
        said = "This is more than a protocol can hold, so it is not kept. Shorten it."
        return _shown(request, Editor(found, where, value), status=422, problem=said)
    except (UnknownPart, UnknownDraft):
        raise Http404 from None
    editor = Editor(kept, where)
    if request.htmx:
        others = author(found) if found.revision > revision else ""
        return _shown(request, editor, whole=bool(act), others=others)
    tell(request, "The draft is kept.")
    return redirect(editor.url)


def _rearranged(
    kept: ProtocolDraft, where: str, act: str, by: dict[str, Any]
) -> tuple[ProtocolDraft, str]:
    """A step added, copied, moved or removed; and the part to show then."""
    key = where.partition(":")[2]
    shown = where

    def change(definition: dict[str, Any]) -> dict[str, Any]:
        nonlocal shown
        if act in ("add-step", "copy-step"):
            made = add_step(definition, behind=key) if act == "add-step" else None
            new, added = made or copy_step(definition, key)
            shown = f"step:{added}"
            return new
        if act == "remove-step":
            left = remove_step(definition, key)
            keys = [step["key"] for step in definition["steps"]]
            near = [one for one in keys if one != key][max(0, keys.index(key) - 1) :][:1]
            shown = f"step:{near[0]}" if near else "course"
            return left
        return move_step(definition, key, -1 if act == "earlier" else 1)

    return rearrange(key=kept.key, change=change, **by), shown


def _shown(
    request: Asked, editor: Editor, *, status: int = 200, whole: bool = False, **extra: Any
) -> HttpResponse:
    """The page; for htmx the editor anew, or only what changes while one types."""
    context: dict[str, Any] = {
        "editor": editor,
        "draft": editor.draft,
        "value": editor.value,
        "errors": editor.errors,
        "part": editor.part,
        "revision": editor.draft.revision,
        "was": editor.was,
    } | extra
    if not request.htmx or request.method == "GET":
        return page(
            request,
            "desk/manage/protocols/draft.html",
            here="manage",
            tab="protocols",
            status=status,
            form=SampleForm(initial={"d0": next_monday()}),
            sample_url=reverse("desk:draft-sample", args=[editor.draft.key]),
            **context,
        )
    if whole:
        response = part(request, EDITOR, status=status, **context)
        return push_url(reswap(retarget(response, "#editor"), "outerHTML"), editor.url)
    live = "desk/manage/protocols/live.html"
    return part(request, live, status=status, swapped=True, **context)


@require_safe
@signed_in
def sampled(request: Asked, draft: str) -> HttpResponse:
    """The draft on sample dates, once it makes sense."""
    require(request.user, "write_protocols")
    checked = catalogue.check(draft_or_404(draft).definition)
    if checked.definition is None:
        return part(request, "desk/manage/protocols/sample.html", asked=True, unready=True)
    return sample_part(request, checked.definition)


@require_http_methods(["GET", "POST"])
@signed_in
def version(request: Asked, draft: str) -> HttpResponse:
    """What would change, and then the version itself."""
    require(request.user, "write_protocols")
    found = draft_or_404(draft)
    if request.method == "GET":
        return _compared(request, found)
    try:
        done = make_version(
            key=draft,
            revision=as_id(request.POST.get("revision", "")),
            newest=as_id(request.POST.get("newest", "")),
            actor=actor(request),
            now=timezone.now(),
        )
    except UnknownDraft:
        raise Http404 from None
    except DraftMoved:
        return _compared(request, draft_or_404(draft), moved=True, status=409)
    except DraftNotReady:
        return _compared(request, draft_or_404(draft), status=422)
    if done.change == "unchanged":
        tell(request, f"Nothing differs from version {done.version}, so none was made.")
    else:
        tell(request, f"Version {done.version} is made. Review it before use.")
    return redirect("desk:protocol", done.key)


def _compared(request: Asked, found: ProtocolDraft, **extra: Any) -> HttpResponse:
    newest = ProtocolVersion.objects.filter(protocol__key=found.key).order_by("-version").first()
    status = extra.pop("status", 200)
    editor = Editor(found, "course")
    good = editor.checked.definition
    comparison = catalogue.compare(newest.definition, good) if newest and good else None
    return page(
        request,
        "desk/manage/protocols/version.html",
        here="manage",
        tab="protocols",
        status=status,
        draft=found,
        editor=editor,
        newest=newest,
        comparison=comparison,
        running=newest.series.filter(status="active").count() if newest else 0,
        **extra,
    )


@require_POST
@signed_in
def discard(request: Asked, draft: str) -> HttpResponse:
    """Throw the draft away."""
    require(request.user, "write_protocols")
    try:
        discard_draft(key=draft, actor=actor(request), now=timezone.now())
    except UnknownDraft:
        raise Http404 from None
    tell(request, "The draft is thrown away. Versions are as they were.")
    return redirect("desk:protocols")
