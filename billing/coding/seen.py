"""Charges for a clinician's time: visits, intake, psychotherapy, rating scales, prolonged time."""

from __future__ import annotations

from billing.coding import minutes
from billing.coding.draft import ADMINISTERED, ESKETAMINE_VISITS, INTAKES, VISITS, Draft
from billing.coding.table import Code

CLINICIANS = frozenset({"prescriber", "therapist"})
BY_STAFF = "99211"
"""The visit by clinical staff, which giving a drug includes."""


def intake_is_told_or_read_from_who_was_there(draft: Draft) -> None:
    """An evaluation with or without medical services; a screening says by who was in it."""
    done = draft.done
    intake = done.intake
    if intake is None and done.kind == "screening" and done.em is None:
        roles = frozenset[str]().union(*(phase.roles for phase in done.phases))
        if not roles & CLINICIANS:
            draft.ask("Say whether the screening was an intake, with or without medical services.")
            return
        intake = "with_medical" if "prescriber" in roles else "without_medical"
        who = "prescriber" if intake == "with_medical" else "therapist"
        draft.note(f"Billed as an intake because a {who} did the screening. Correct it if not so.")
    if intake is None:
        return
    use = "intake_medical" if intake == "with_medical" else "intake"
    if code := draft.valid(use):
        words = "with" if intake == "with_medical" else "without"
        draft.bill(code, 1, f"An intake {words} medical services.")


def visit_is_levelled_by_the_clinician(draft: Draft) -> None:
    """The visit code that the clinician chose, unless something else of the day includes it."""
    done = draft.done
    if done.em is None:
        nothing = done.intake is None and done.psychotherapy_minutes is None
        if done.kind in ("consult", "review") and nothing:
            draft.ask(
                f"Ask the clinician what the {done.kind} was: a visit code, an intake, or minutes "
                "of psychotherapy. Nothing is billed for it yet."
            )
        return
    code = _visit_code(draft, done.em)
    if code is None:
        return
    if included := _included_in(draft, code):
        draft.drop(code.what, *included, code=code.code)
        return
    draft.bill(code, 1, "The level that the clinician chose.", done.em_minutes)
    least = code.minutes[0] if code.minutes else 0
    if done.em_minutes is not None and done.em_minutes < least:
        draft.note(
            f"{code.code} by time takes {least} min and {done.em_minutes} are recorded: the note "
            "has to show that it was chosen by decision making."
        )
    _prolonged(draft, code)


def psychotherapy_is_timed(draft: Draft) -> None:
    """By minutes, nothing under 16; beside a visit on the day the codes that are added to it."""
    done = draft.done
    time = _therapy_time(draft)
    if time is None:
        if done.kind in ("infusion", "dosing") and any("therapist" in p.roles for p in done.phases):
            draft.note(
                "A therapist was there. If psychotherapy was done, ask how many minutes: being "
                "present is not billed."
            )
        return
    if draft.has(INTAKES):
        reason = "The intake includes it when one clinician did both on the day."
        draft.drop(f"Psychotherapy, {time} min", reason, ("diagnostic-evaluation",))
        draft.note("If another clinician did the psychotherapy, charge it as theirs.")
        return
    beside = draft.has(VISITS)
    codes = [*draft.rules.of("psychotherapy", done.on, draft.payer)]
    least = min((code.minutes[0] for code in codes if code.minutes), default=0)
    if time < least:
        draft.note(f"{time} min of psychotherapy: nothing under {least} min is billed.")
        return
    if code := draft.valid("psychotherapy_added" if beside else "psychotherapy", time):
        added = ", beside a visit on the day" if beside else ""
        draft.bill(code, 1, f"{time} min of psychotherapy{added}.", time)
        if beside:
            draft.note("If another clinician did the visit, psychotherapy takes its own code.")


def scales_are_counted(draft: Draft) -> None:
    """One unit for each rating scale."""
    if draft.done.scales > 0 and (code := draft.valid("rating_scale")):
        scales = draft.done.scales
        draft.bill(code, scales, f"{scales} rating scale{'' if scales == 1 else 's'}.")


def _visit_code(draft: Draft, em: str) -> Code | None:
    done = draft.done
    use = "visit_established" if done.established else "visit_new"
    other = "visit_new" if done.established else "visit_established"
    of_use = {code.code: code for code in draft.rules.of(use, done.on, draft.payer)}
    if em in of_use:
        return of_use[em]
    choose = f"Choose one of {', '.join(of_use)}" if of_use else "Add one to the code table"
    if any(code.code == em for code in draft.rules.of(other, done.on, draft.payer)):
        wrong, right = ("a new", "established") if done.established else ("an established", "new")
        draft.ask(
            f"{em} is for {wrong} patient, and this one is {right}. {choose}, or correct that."
        )
    else:
        draft.ask(f"{em} is no visit code on {done.on:%-d %b %Y}. {choose}.")
    return None


def _included_in(draft: Draft, code: Code) -> tuple[str, tuple[str, ...]] | None:
    """What of the day includes a visit: a reason and its sources."""
    if draft.has(ESKETAMINE_VISITS):
        return "The esketamine visit code includes the clinician's visit.", ("esketamine-medicare",)
    if draft.has(INTAKES):
        reason = "The intake includes it when one clinician did both on the day."
        return reason, ("diagnostic-evaluation",)
    if code.code == BY_STAFF and draft.has(ADMINISTERED):
        return "Giving the drug includes the visit by clinical staff.", ("manual-12-30.5",)
    return None


def _prolonged(draft: Draft, visit: Code) -> None:
    if draft.done.em_minutes is None:
        return
    for code in draft.rules.of("prolonged", draft.done.on, draft.payer):
        past = dict(code.past).get(visit.code)
        if past is None or code.each is None:
            continue
        if units := minutes.full_blocks(draft.done.em_minutes, past=past, each=code.each):
            reason = f"{draft.done.em_minutes} min: each full {code.each} past {past} counts."
            draft.bill(code, units, reason, draft.done.em_minutes)
            draft.note(f"{code.code} needs a visit that was levelled by time: check the note.")


def _therapy_time(draft: Draft) -> int | None:
    """Minutes of psychotherapy; None where there was none, or where nobody knows how long."""
    done = draft.done
    if done.psychotherapy_minutes is not None:
        return done.psychotherapy_minutes
    if done.kind != "therapy":
        return None
    with_clinician = [phase for phase in done.phases if phase.roles & CLINICIANS]
    time = minutes.taken(with_clinician or done.phases)
    if not done.phases or not time.complete:
        draft.ask(
            "The session has no good start and stop time, and psychotherapy is billed by minutes. "
            "Ask the therapist to complete it."
        )
        return None
    return time.minutes
