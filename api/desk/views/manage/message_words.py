"""The words of messages at a site, with what a patient would read beside them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from api.desk.forms import DeskForm, beside_the_fields
from api.desk.frame import Asked, actor, open_site, page, part, signed_in
from api.desk.meanwhile import meanwhile, seen_in, theirs
from api.desk.messages import ICONS, sample
from api.desk.telling import tell
from clinic.journal import ChangedMeanwhile, newest
from clinic.models import Site
from scheduling.messaging.words import (
    BODY_LONGEST,
    CHANNELS,
    EMAIL,
    FIELDS,
    KINDS,
    SUBJECT_LONGEST,
    revealing,
)
from scheduling.selectors.messages import own_words, telling_names
from scheduling.services.message_words import reset_words, versions, words_subject, write_words

VERSIONS = 10


class WordsForm(DeskForm):
    """One kind's words for one channel."""

    subject = forms.CharField(max_length=SUBJECT_LONGEST, required=False)
    body = forms.CharField(
        label="Words", max_length=BODY_LONGEST, widget=forms.Textarea({"rows": 12})
    )
    active = forms.BooleanField(label="Send it", required=False)
    may_tell = forms.BooleanField(label="These words may be read by others", required=False)


@require_safe
@signed_in
def listed(request: Asked, site: int) -> HttpResponse:
    """Every kind by every channel: in whose words, or switched off."""
    place = open_site(request, site, "write_templates")
    own = own_words(place)
    kinds = [
        (name, kind, ICONS[name], [(channel, own.get((name, channel))) for channel in CHANNELS])
        for name, kind in KINDS.items()
    ]
    return page(
        request,
        "desk/manage/message_words.html",
        here="manage",
        tab="message-words",
        site=place,
        kinds=kinds,
    )


@require_http_methods(["GET", "POST"])
@signed_in
def edit(request: Asked, site: int, message_kind: str, channel: str) -> HttpResponse:
    """Write one; an earlier version can be taken into the form."""
    place = _open(request, site, message_kind, channel)
    now, subject = timezone.now(), words_subject(site, message_kind, channel)
    seen, it = newest(subject) if seen_in(request) is None else seen_in(request), None
    form = WordsForm(request.POST or None, initial=_initial(request, place, message_kind, channel))
    form.fields["subject"].required = channel == EMAIL
    if request.method == "POST" and form.is_valid():
        try:
            write_words(
                site=site,
                kind=message_kind,
                channel=channel,
                **form.cleaned_data,
                seen=seen,
                actor=actor(request),
                now=now,
            )
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        except ChangedMeanwhile as late:
            it = meanwhile(form, late, place)
            form, seen = WordsForm(theirs(form, late)), it.seen
        else:
            tell(request, f"Saved: {KINDS[message_kind].label}.")
            return redirect("desk:message-words", site)
    return page(
        request,
        "desk/manage/message_words_edit.html",
        status=409 if it else 422 if form.errors else 200,
        here="manage",
        tab="message-words",
        site=place,
        name=message_kind,
        kind=KINDS[message_kind],
        channel=channel,
        by_mail=channel == EMAIL,
        form=form,
        seen=seen,
        it=it,
        own=own_words(place).get((message_kind, channel)),
        fields=[(field, FIELDS[field]) for field in KINDS[message_kind].fields],
        versions=[
            (row, row.at.astimezone(place.zone))
            for row in versions(site, message_kind, channel)[:VERSIONS]
        ],
        **_shown(form, place, message_kind, channel),
    )


@require_POST
@signed_in
def preview(request: Asked, site: int, message_kind: str, channel: str) -> HttpResponse:
    """What a patient would read, while one types."""
    place = _open(request, site, message_kind, channel)
    form = WordsForm(request.POST)
    shown = _shown(form, place, message_kind, channel)
    return part(request, "desk/manage/message_words_preview.html", **shown)


@require_POST
@signed_in
def reset(request: Asked, site: int, message_kind: str, channel: str) -> HttpResponse:
    """The neutral words again."""
    _open(request, site, message_kind, channel)
    reset_words(
        site=site, kind=message_kind, channel=channel, actor=actor(request), now=timezone.now()
    )
    tell(request, f"{KINDS[message_kind].label}: the neutral words again.")
    return redirect("desk:edit-words", site, message_kind, channel)


def _open(request: Asked, site: int, kind: str, channel: str) -> Site:
    place = open_site(request, site, "write_templates")
    if kind not in KINDS or channel not in CHANNELS:
        raise Http404
    return place


def _initial(request: Asked, site: Site, kind: str, channel: str) -> dict[str, Any]:
    """The words in use, or those of the version that the address names."""
    row = own_words(site).get((kind, channel))
    ours = KINDS[kind].wording(channel)
    found = {
        "subject": row.subject if row else ours.subject,
        "body": row.body if row else ours.body,
        "active": row.active if row else True,
    }
    wanted = request.GET.get("version", "")
    for change in versions(site.pk, kind, channel):
        for name in ("subject", "body", "active"):
            if name in change.before and wanted.isdecimal() and change.pk >= int(wanted):
                found[name] = change.before[name]
    return found


def _shown(form: WordsForm, site: Site, kind: str, channel: str) -> dict[str, Any]:
    subject, body = str(form["subject"].value() or ""), str(form["body"].value() or "")
    said = sample(kind, subject, body, site, timezone.now())
    return {
        "sample_subject": said[0] if channel == EMAIL else "",
        "sample_body": said[1],
        "telling": revealing(f"{subject}\n{body}", telling_names()),
        "parts": 0 if channel == EMAIL else max(1, -(-len(said[1]) // 153)),
    }
