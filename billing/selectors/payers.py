"""How the payer of a visit codes: the table's payer of its kind, with the payer's own ways."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from billing.coding import Payer as CodingPayer
from billing.coding import Rules
from billing.models import Coverage, Payer

SELF_PAY = "self_pay"


def coverage_on(patient: int, day: date) -> Coverage | None:
    """The insurance of a patient that comes first on a day; None where they pay themselves."""
    rows = Coverage.objects.filter(patient=patient, first__lte=day, payer__active=True)
    valid = [one for one in rows.select_related("payer") if one.last is None or one.last >= day]
    return min(valid, key=lambda one: (one.rank, one.pk), default=None)


def rules_for(payer: Payer | None, rules: Rules) -> tuple[Rules, str]:
    """The rules with this payer among theirs, and its key there."""
    if payer is None:
        return rules, SELF_PAY
    key = f"payer-{payer.pk}"
    kind = "medicare" if payer.kind == Payer.Kind.MEDICARE else "commercial"
    own = _with_ways(replace(rules.payers[kind], payer=key, name=payer.name), payer.rules)
    return replace(rules, payers={**rules.payers, key: own}), key


def _with_ways(payer: CodingPayer, ways: dict[str, object]) -> CodingPayer:
    """What `Payer.rules` may say: `esketamine`, `j0013_from`, `telehealth_modifier`."""
    if (how := ways.get("esketamine")) in ("included", "split", "ask"):
        payer = replace(payer, esketamine=how)
    if isinstance(since := ways.get("j0013_from"), str):
        older = tuple(one for one in payer.esketamine_drug if one[1] != "J0013")
        payer = replace(payer, esketamine_drug=(*older, (date.fromisoformat(since), "J0013")))
    if isinstance(modifier := ways.get("telehealth_modifier"), str):
        payer = replace(payer, telehealth_modifier=modifier)
    return payer
