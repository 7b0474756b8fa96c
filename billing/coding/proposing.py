"""Every rule of coding in order, then modifiers, what is included, the place and diagnoses."""

from __future__ import annotations

from collections.abc import Callable

from billing.checks import diagnosis_problem
from billing.coding import given, seen
from billing.coding.charges import Charges, Done
from billing.coding.draft import Draft
from billing.coding.table import Rules
from scheduling.catalogue.shape import KINDS

RULES: tuple[Callable[[Draft], None], ...] = (
    given.infusion_is_timed,
    given.injection_is_given_once,
    given.esketamine_visit_includes_observation,
    seen.intake_is_told_or_read_from_who_was_there,
    seen.visit_is_levelled_by_the_clinician,
    seen.psychotherapy_is_timed,
    seen.scales_are_counted,
)


class UnknownPayer(ValueError):
    """A visit whose payer the rules do not know."""

    def __init__(self, payer: str) -> None:
        self.payer = payer
        super().__init__(f"There is no payer “{payer}” in the rules: add it to payers.yaml.")


def propose(done: Done, rules: Rules) -> Charges:
    """The charges for a visit, with flags for a person and what was dropped.

    Raises UnknownPayer, MixedTimes for phases whose times have no zone, and ValueError for a kind
    of step that protocols do not have.
    """
    if done.kind not in KINDS:
        raise ValueError(f"“{done.kind}” is no kind of step: {', '.join(KINDS)}.")
    if done.payer not in rules.payers:
        raise UnknownPayer(done.payer)
    draft = Draft(done, rules, rules.payers[done.payer])
    for rule in RULES:
        rule(draft)
    for finish in (_modify, _include, _place, _diagnose):
        finish(draft)
    return draft.charges()


def _modify(draft: Draft) -> None:
    for modifier in draft.rules.modifiers:
        if draft.has(frozenset(modifier.beside)):
            draft.modify(frozenset(modifier.on), modifier.modifier, modifier.review)


def _include(draft: Draft) -> None:
    for item in draft.rules.included:
        if draft.has(frozenset(item.beside)):
            draft.drop(item.what, item.why, item.sources, item.code)


def _place(draft: Draft) -> None:
    if draft.done.place == "office":
        return
    far = frozenset(code.use for code, _ in draft.billed if code.telehealth)
    if draft.payer.telehealth_modifier:
        draft.modify(far, draft.payer.telehealth_modifier)
    if near := [code.code for code, _ in draft.billed if not code.telehealth]:
        draft.ask(
            f"{', '.join(near)} cannot be done by telehealth. Correct where the visit was, or "
            "strike what was not done."
        )


def _diagnose(draft: Draft) -> None:
    if draft.billed and not draft.done.diagnoses:
        draft.ask("No diagnosis is given. Ask the clinician for one: a charge has to point at it.")
    for code in draft.done.diagnoses:
        if problem := diagnosis_problem(code):
            draft.ask(problem)
