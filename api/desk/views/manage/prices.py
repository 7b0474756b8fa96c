"""Set-up of money: price lists, packages on offer, the site's policy, usual diagnoses."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from api.desk.forms import beside_the_fields
from api.desk.frame import Asked, actor, open_site, page, signed_in
from api.desk.meanwhile import meanwhile, seen_in, theirs
from api.desk.money.charge_forms import OfferForm, PolicyForm, PriceListForm, UsualForm
from api.desk.telling import tell
from billing.errors import MoneyRefused
from billing.models import Diagnoses, PackageOffer, PriceList
from billing.money import Money
from billing.selectors.prices import policy_of
from billing.services.pricing import (
    put_back,
    save_offer,
    save_policy,
    save_price_list,
    set_diagnoses,
)
from clinic.journal import ChangedMeanwhile, newest
from clinic.models import Journal, Site
from scheduling.models import Protocol


@require_safe
@signed_in
def prices(request: Asked, site: int) -> HttpResponse:
    """Everything about money at a site, each with its last change and a way back."""
    place = open_site(request, site, "manage_prices")
    lists = PriceList.objects.filter(site=place).select_related("payer").prefetch_related("prices")
    today = timezone.now().astimezone(place.zone).date()
    usual = {row.protocol_id: row.codes for row in Diagnoses.objects.filter(series=None)}
    protocols = Protocol.objects.filter(retired=False, versions__isnull=False).distinct()
    return page(
        request,
        "desk/manage/prices.html",
        here="manage",
        tab="prices",
        site=place,
        lists=[
            (row, len(row.prices.all()), _is_over(row, today), _last(row, "price_list"))
            for row in lists
        ],
        offers=[
            (row, Money(row.cents), _is_over(row, today), _last(row, "offer"))
            for row in PackageOffer.objects.filter(site=place)
        ],
        policy=policy_of(place),
        policy_last=_last(place, "policy"),
        protocols=[
            (row, row.versions.latest("version").name, " ".join(usual.get(row.pk, [])))
            for row in protocols
        ],
    )


@require_http_methods(["GET", "POST"])
@signed_in
def price_list(request: Asked, price_list: int = 0, site: int = 0) -> HttpResponse:
    """Write a list of prices, a new one or one that is there."""
    row = PriceList.objects.filter(pk=price_list).prefetch_related("prices").first()
    if price_list and row is None:
        raise Http404
    place = open_site(request, row.site_id if row else site, "manage_prices")
    today = timezone.now().astimezone(place.zone).date()
    initial: dict[str, Any] = {"valid_from": today}
    if row:
        text = "\n".join(f"{one.code} {Money(one.cents).amount}" for one in row.prices.all())
        initial = {
            "name": row.name,
            "payer": row.payer_id,
            "valid_from": row.valid_from,
            "valid_until": row.valid_until,
            "prices": text,
        }
    form = PriceListForm(request.POST or None, initial=initial)

    def save(given: dict[str, Any], seen: int | None) -> None:
        save_price_list(
            site=place,
            price_list=row.pk if row else None,
            **given,
            seen=seen,
            actor=actor(request),
            now=timezone.now(),
        )

    subject = f"price_list:{row.pk}" if row else ""
    title = row.name if row else "A new price list"
    return _edit(request, place, "price_list", title, form, save, subject)


@require_http_methods(["GET", "POST"])
@signed_in
def offer(request: Asked, package_offer: int = 0, site: int = 0) -> HttpResponse:
    """Write a package that can be sold."""
    row = PackageOffer.objects.filter(pk=package_offer).first()
    if package_offer and row is None:
        raise Http404
    place = open_site(request, row.site_id if row else site, "manage_prices")
    today = timezone.now().astimezone(place.zone).date()
    initial: dict[str, Any] = {"valid_from": today, "instalments": 1}
    if row:
        names = (*OfferForm.base_fields,)
        initial = {name: getattr(row, name) for name in names}
        initial |= {f"covers_{kind}": number for kind, number in row.covers.items()}
    form = OfferForm(request.POST or None, initial=initial)

    def save(given: dict[str, Any], seen: int | None) -> None:
        save_offer(
            site=place,
            offer=row.pk if row else None,
            facts=form.facts(),
            seen=seen,
            actor=actor(request),
            now=timezone.now(),
        )

    subject = f"offer:{row.pk}" if row else ""
    return _edit(request, place, "offer", row.name if row else "A new package", form, save, subject)


@require_http_methods(["GET", "POST"])
@signed_in
def policy(request: Asked, site: int) -> HttpResponse:
    """Write the site's rules about money."""
    place = open_site(request, site, "manage_prices")
    row = policy_of(place)
    initial = {name: getattr(row, name) for name in PolicyForm.base_fields}
    form = PolicyForm(request.POST or None, initial=initial)

    def save(given: dict[str, Any], seen: int | None) -> None:
        save_policy(
            site=place, facts=form.facts(), seen=seen, actor=actor(request), now=timezone.now()
        )

    return _edit(request, place, "policy", "Rules about money", form, save, f"policy:{place.pk}")


@require_POST
@signed_in
def undo(request: Asked, site: int, change: int) -> HttpResponse:
    """Put back what a change was before it."""
    place = open_site(request, site, "manage_prices")
    kinds = ("prices.changed", "offer.changed", "policy.changed")
    if not Journal.objects.filter(pk=change, site=place, action__in=kinds).exists():
        raise Http404
    try:
        put_back(entry=change, actor=actor(request), now=timezone.now())
    except MoneyRefused as no:
        tell(request, f"Not undone. {no}")
    else:
        tell(request, "Undone. It is as it was before.")
    return redirect("desk:prices", place.pk)


@require_POST
@signed_in
def usual_diagnoses(request: Asked, site: int, usual_of: int) -> HttpResponse:
    """The diagnoses usual for a protocol."""
    place = open_site(request, site, "manage_prices")
    row = Protocol.objects.filter(pk=usual_of).first()
    if row is None:
        raise Http404
    form = UsualForm(request.POST)
    if form.is_valid():
        codes = form.cleaned_data["codes"].replace(",", " ").split()
        try:
            set_diagnoses(of=row, codes=codes, actor=actor(request), now=timezone.now())
        except MoneyRefused as no:
            tell(request, f"Not saved. {no}")
        else:
            tell(request, "Saved: usual diagnoses.")
    return redirect("desk:prices", place.pk)


def _edit(
    request: Asked,
    site: Site,
    name: str,
    title: str,
    form: Any,
    save: Any,
    subject: str,
) -> HttpResponse:
    """Draw and save a form of this tab; who saved over somebody else is told first."""
    drawn = seen_in(request)
    seen, it = (newest(subject) if drawn is None else drawn) if subject else None, None
    if request.method == "POST" and form.is_valid():
        try:
            save(form.cleaned_data, seen)
        except ValidationError as wrong:
            beside_the_fields(form, wrong)
        except ChangedMeanwhile as late:
            it = meanwhile(form, late, site)
            form, seen = type(form)(theirs(form, late)), it.seen
        else:
            tell(request, f"Saved: {form.cleaned_data.get('name') or title}.")
            return redirect("desk:prices", site.pk)
    return page(
        request,
        f"desk/manage/{name}.html",
        here="manage",
        tab="prices",
        site=site,
        status=409 if it else 422 if form.errors else 200,
        form=form,
        title=title,
        seen=seen,
        it=it,
    )


def _is_over(row: PriceList | PackageOffer, today: Any) -> bool:
    return row.valid_until is not None and row.valid_until < today


def _last(row: Any, kind: str) -> Journal | None:
    """The last change of something, where there is something to go back to."""
    found = Journal.objects.filter(subject=f"{kind}:{row.pk}").order_by("-pk").first()
    return found if found and found.before else None
