"""Protocols: the list, one version, two compared; taken in, given out, reviewed, retired."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from api.desk import words
from api.desk.forms import as_id
from api.desk.frame import Asked, actor, kept_nowhere, page, part, signed_in, usual_site
from api.desk.protocol_pages import (
    NewProtocolForm,
    ProtocolFileForm,
    SampleForm,
    Shown,
    drafts_without_protocol,
    sample,
    sources,
)
from api.desk.telling import tell
from api.permissions import may, require
from scheduling import catalogue
from scheduling.catalogue import InvalidCatalogue, drafts
from scheduling.models import Protocol, ProtocolDraft, ProtocolVersion
from scheduling.selectors.protocols import standings, versions_of
from scheduling.services.catalogue import (
    UnknownProtocolKey,
    export_catalogue,
    import_catalogue,
    retire_protocol,
)
from scheduling.services.drafting import KeyTaken, draft_new, review_version

ROWS = 40


def may_read(request: Asked) -> None:
    """Who writes protocols, or reviews them."""
    if not may(request.user, "review_protocols"):
        require(request.user, "write_protocols")


def versions_or_404(protocol: str) -> list[ProtocolVersion]:
    versions = versions_of(protocol)
    if not versions:
        raise Http404
    return versions


def one_of(versions: list[ProtocolVersion], number: str) -> ProtocolVersion:
    """The version of that number; without a number the newest."""
    if not number:
        return versions[0]
    found = next((one for one in versions if one.version == as_id(number)), None)
    if found is None:
        raise Http404
    return found


@require_safe
@signed_in
def protocols(request: Asked) -> HttpResponse:
    may_read(request)
    return listed(request)


@require_POST
@signed_in
def starter(request: Asked) -> HttpResponse:
    """One of the templates as it comes, not reviewed yet."""
    require(request.user, "write_protocols")
    found = catalogue.starters().get(request.POST.get("key", ""))
    if found is None:
        return listed(request, problem="There is no such starter protocol.")
    text = catalogue.write([found.definition])
    [done] = import_catalogue(text=text, actor=actor(request), now=timezone.now())
    if done.change == "unchanged":
        tell(request, f"{found.name} is here already, unchanged.")
    else:
        tell(request, f"{found.name} is here as version {done.version}. Review it before use.")
    return redirect("desk:protocol", done.key)


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: Asked) -> HttpResponse:
    """Begin a protocol of one's own, from nothing or from another one."""
    require(request.user, "write_protocols")
    first = request.GET.get("from", "")
    form = NewProtocolForm(request.POST or None, sources=sources(), initial={"source": first})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            draft = draft_new(
                key=given["key"],
                name=given["name"],
                definition=_begins_as(given["source"], given["key"], given["name"]),
                actor=actor(request),
                now=timezone.now(),
            )
        except KeyTaken:
            form.add_error("key", "A protocol or a draft has this key already; choose another.")
        else:
            return redirect("desk:protocol-draft", draft.key)
    return _page(request, "new", status=422 if request.method == "POST" else 200, form=form)


@require_http_methods(["GET", "POST"])
@signed_in
def take_in(request: Asked) -> HttpResponse:
    """A YAML file, all of it or nothing; each mistake by its line."""
    require(request.user, "write_protocols")
    if request.method == "GET":
        return _page(request, "import", form=ProtocolFileForm())
    form = ProtocolFileForm(request.POST, request.FILES)
    problems: list[catalogue.Problem] = []
    if form.is_valid():
        text = form.cleaned_data["text"]
        try:
            done = import_catalogue(text=text, actor=actor(request), now=timezone.now())
        except InvalidCatalogue as wrong:
            problems = wrong.errors
            form = ProtocolFileForm({"text": text.replace("\x00", "�")})
            form.is_valid()
        else:
            changed = [one for one in done if one.change != "unchanged"]
            same = len(done) - len(changed)
            said = f"{words.count(len(changed), 'protocol')} taken in"
            tell(request, f"{said}, {same} unchanged." if same else f"{said}.")
            return redirect("desk:protocols")
    return _page(request, "import", status=422, form=form, problems=problems[:200])


@require_safe
@signed_in
def export(request: Asked) -> HttpResponse:
    """Every protocol in use, as one file."""
    may_read(request)
    return _yaml("protocols", export_catalogue())


@require_safe
@signed_in
def export_one(request: Asked, protocol: str) -> HttpResponse:
    may_read(request)
    shown = one_of(versions_or_404(protocol), request.GET.get("version", ""))
    return _yaml(f"{protocol}-{shown.version}", catalogue.write([shown.definition]))


@require_safe
@signed_in
def protocol(request: Asked, protocol: str) -> HttpResponse:
    """A version on its ruler and in words."""
    may_read(request)
    versions = versions_or_404(protocol)
    version = one_of(versions, request.GET.get("version", ""))
    return _page(
        request,
        "protocol",
        version=version,
        versions=versions,
        shown=Shown(version.definition),
        draft=ProtocolDraft.objects.filter(key=protocol).defer("definition").first(),
        form=SampleForm(initial={"d0": next_monday()}),
        sample_url=reverse("desk:protocol-sample", args=[protocol]),
    )


@require_safe
@signed_in
def sampled(request: Asked, protocol: str) -> HttpResponse:
    """The course on sample dates."""
    may_read(request)
    version = one_of(versions_or_404(protocol), request.GET.get("version", ""))
    return sample_part(request, version.definition)


@require_safe
@signed_in
def compare(request: Asked, protocol: str) -> HttpResponse:
    """Two versions beside each other; the last two, unless others are asked for."""
    may_read(request)
    versions = versions_or_404(protocol)
    after = one_of(versions, request.GET.get("to", ""))
    earlier = str(max(1, after.version - 1))
    before = one_of(versions, request.GET.get("from", "") or earlier)
    return _page(
        request,
        "compare",
        versions=versions,
        before=before,
        after=after,
        left=f"Version {before.version}",
        right=f"Version {after.version}",
        comparison=catalogue.compare(before.definition, after.definition),
    )


@require_POST
@signed_in
def review(request: Asked, protocol: str) -> HttpResponse:
    """A clinician says that this version may be used, or takes it back."""
    require(request.user, "review_protocols")
    takes_back = request.POST.get("take_back") == "yes"
    try:
        version = review_version(
            key=protocol,
            version=as_id(request.POST.get("version", "")),
            reviewer=request.user.get_full_name() or request.user.email,
            reviewed=not takes_back,
            actor=actor(request),
            now=timezone.now(),
        )
    except UnknownProtocolKey:
        versions_or_404(protocol)
        tell(request, "Choose the version to review.")
        return redirect("desk:protocol", protocol)
    said = "is to be reviewed before use" if takes_back else "is reviewed"
    tell(request, f"Version {version.version} {said}.")
    return redirect(f"{reverse('desk:protocol', args=[protocol])}?version={version.version}")


@require_POST
@signed_in
def retire(request: Asked, protocol: str) -> HttpResponse:
    """Offer it no more, or again. Series on it go on."""
    require(request.user, "write_protocols")
    retired = request.POST.get("restore") != "yes"
    try:
        retire_protocol(key=protocol, retired=retired, actor=actor(request), now=timezone.now())
    except UnknownProtocolKey:
        raise Http404 from None
    tell(request, "Retired. Series on it go on." if retired else "It can be booked again.")
    return redirect("desk:protocol", protocol)


def sample_part(request: Asked, definition: dict[str, Any]) -> HttpResponse:
    """Sample dates for a complete definition, as a part or (without scripts) a page."""
    form = SampleForm(request.GET)
    site = usual_site(request)
    context: dict[str, Any] = {"form": form, "asked": True, "place": site}
    if form.is_valid():
        context["d0"] = form.cleaned_data["d0"]
        context["sample"] = sample(definition, d0=form.cleaned_data["d0"], site=site)
    if request.htmx:
        return part(request, "desk/manage/protocols/sample.html", **context)
    return _page(request, "sample_page", name=definition["name"], **context)


def listed(request: Asked, *, problem: str = "") -> HttpResponse:
    """Every protocol; where starters are not here yet, these too."""
    every = Protocol.objects.order_by("retired", "key")
    pages = Paginator(every, ROWS).get_page(as_id(request.GET.get("page", "")) or 1)
    here = set(every.values_list("key", flat=True))
    return _page(
        request,
        "list",
        status=422 if problem else 200,
        problem=problem,
        rows=standings(list(pages)),
        pages=pages,
        drafts=drafts_without_protocol(),
        starters=[one for key, one in catalogue.starters().items() if key not in here],
    )


def _begins_as(source: str, key: str, name: str) -> dict[str, Any]:
    kind, _, of = source.partition(":")
    if kind == "starter":
        return catalogue.starters()[of].definition
    if kind == "ours":
        return versions_or_404(of)[0].definition
    return drafts.blank(key, name)


def next_monday() -> str:
    today = timezone.now().date()
    return (today + timedelta(days=14 - today.weekday())).isoformat()


def _yaml(name: str, text: str) -> HttpResponse:
    response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.yaml"'
    return kept_nowhere(response)


def _page(request: Asked, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    return page(
        request,
        f"desk/manage/protocols/{template}.html",
        here="manage",
        tab="protocols",
        status=status,
        may_write=may(request.user, "write_protocols"),
        may_review=may(request.user, "review_protocols"),
        **context,
    )
