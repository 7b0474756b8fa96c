"""Charges for the drug given and for giving it: infusion, push, injection, esketamine."""

from __future__ import annotations

from billing.coding import minutes
from billing.coding.draft import Draft
from billing.coding.table import Code

OBSERVED_MINUTES = 120
"""What the esketamine visit codes include after the dose."""
LOW_MG = 56
DEVICE_MG = 28
DEPRESSION = ("F32", "F33")
"""Beginnings of the diagnoses that esketamine is labelled for (contractor article A59250)."""


def infusion_is_timed(draft: Draft) -> None:
    """An infusion by its minutes; a push up to 15, or where no stop was recorded."""
    done = draft.done
    into_vein = done.kind == "infusion" or (done.kind == "dosing" and done.route == "iv")
    if not into_vein or done.esketamine_mg is not None:
        return
    phases = minutes.main(done.phases)
    if not phases:
        draft.ask("No infusion is recorded. Ask the nurse for its start and stop times.")
        return
    time = minutes.taken(phases)
    if (first := draft.valid("infusion")) and first.minutes:
        if time.minutes < first.minutes[0]:
            _push(draft, time)
        else:
            _hours(draft, first, time)
        _incomplete(draft, time)
    if not all(minutes.INFUSED in phase.name for phase in phases):
        draft.ask(
            f"The {time.minutes} min are those of the whole dosing, and only those in which the "
            "drug ran count. Ask the nurse when the infusion started and stopped."
        )
    _ketamine(draft)
    watched = minutes.taken(phase for phase in done.phases if "recover" in phase.name).minutes
    if watched:
        draft.drop(
            f"Recovery, {watched} min",
            "Only the time in which the drug runs counts, not the watching afterwards.",
            ("infusion-time",),
        )


def injection_is_given_once(draft: Draft) -> None:
    """A dosing into a muscle; one by mouth has no charge for giving it."""
    done = draft.done
    if done.kind != "dosing" or done.esketamine_mg is not None or done.route == "iv":
        return
    if done.route is None:
        draft.ask("Say how the dose was given (vein, muscle, mouth, or esketamine with its mg).")
    elif done.route == "im":
        if code := draft.valid("injection"):
            draft.bill(code, 1, "The dose was given into a muscle.")
        _ketamine(draft)
    else:
        draft.note("The dose was taken by mouth: nothing is billed for giving it or for the drug.")


def esketamine_visit_includes_observation(draft: Draft) -> None:
    """One code up to 56 mg, another above, for established patients; drug and two hours in it."""
    done, payer = draft.done, draft.payer
    if done.esketamine_mg is None:
        return
    if done.esketamine_mg <= 0:
        draft.ask("Write how many mg of esketamine were given, or clear the field if none was.")
        return
    _esketamine_is_plausible(draft)
    if payer.esketamine == "split":
        if done.em is None:
            draft.ask(
                "This payer takes the drug code and a visit code: ask the clinician for the latter."
            )
    elif not done.established or not done.own_drug:
        _only_the_visit(draft)
    else:
        use = "esketamine_low" if done.esketamine_mg <= LOW_MG else "esketamine_high"
        if code := draft.valid(use):
            side = "up to" if done.esketamine_mg <= LOW_MG else "more than"
            reason = f"{done.esketamine_mg} mg is {side} {LOW_MG} mg; two hours are included."
            draft.bill(code, 1, reason, minutes.after_dose(done.phases))
            draft.drop(
                "Observation after esketamine",
                f"{code.code} includes two hours of it.",
                code.sources,
            )
    _esketamine_drug(draft)


def _only_the_visit(draft: Draft) -> None:
    """Esketamine without its own visit codes: the clinician's visit code is what is left."""
    what = "include the drug, which a pharmacy supplied"
    if not draft.done.established:
        what = "are for established patients"
    said = f"The esketamine visit codes {what}, so the clinician's visit code is billed."
    if draft.done.em is None:
        draft.ask(f"{said} Ask the clinician for it.")
    else:
        draft.note(said)


def _push(draft: Draft, time: minutes.Time) -> None:
    if code := draft.valid("push"):
        if time.complete:
            reason = f"{time.minutes} min: an infusion has more than 15."
        else:
            reason = "No good stop time is recorded, so the infusion counts as a push."
        draft.bill(code, 1, reason, time.minutes if time.complete else None)


def _hours(draft: Draft, first: Code, time: minutes.Time) -> None:
    draft.bill(first, 1, f"{time.minutes} min of infusion, the first hour.", time.minutes)
    further = draft.valid("infusion_hour")
    if further and further.minutes and further.minutes[1]:
        least, hour = further.minutes[0], further.minutes[1]
        if units := minutes.further_hours(time.minutes, least=least, hour=hour):
            reason = f"{time.minutes} min: an hour counts once more than {least - 1} min past."
            draft.bill(further, units, reason, time.minutes)


def _incomplete(draft: Draft, time: minutes.Time) -> None:
    """Say what a start or stop that is missing made of the infusion."""
    if time.complete or not draft.billed:
        return
    code, line = draft.billed[0]
    push = f"a push ({line.code})"
    billed = push if code.use == "push" else f"the {time.minutes} min that are recorded"
    if time.open:
        draft.note(
            f"The infusion has no stop time: billed as {billed}. Ask the nurse to complete it."
        )
    if time.backwards:
        draft.ask(
            f"The infusion stops before it starts: billed as {billed}. Ask the nurse to correct it."
        )


def _ketamine(draft: Draft) -> None:
    if not draft.done.own_drug:
        draft.drop("Ketamine", "A pharmacy supplied and billed the drug.", ("unlisted-drug",))
    elif code := draft.valid("ketamine"):
        units = draft.done.drug_units or 1
        draft.bill(code, units, "The drug has no code of its own.")


def _esketamine_drug(draft: Draft) -> None:
    done, payer = draft.done, draft.payer
    mg = done.esketamine_mg or 0
    visit = next(
        (line.code for code, line in draft.billed if code.use.startswith("esketamine_")), ""
    )
    if not done.own_drug:
        reason = "A pharmacy supplied and billed the drug."
        draft.drop(f"Esketamine, {mg} mg", reason, ("esketamine-drug",))
        return
    if payer.esketamine == "included":
        if visit:
            reason = f"{visit} includes the drug for {payer.name}."
            draft.drop(f"Esketamine, {mg} mg", reason, ("esketamine-medicare",))
        return
    wanted = payer.drug_code(done.on)
    valid = draft.rules.of("esketamine_drug", done.on, payer)
    code = next((code for code in valid if code.code == wanted), None)
    if code is None:
        draft.ask(
            f"{payer.name}: no esketamine drug code is set that is valid on "
            f"{done.on:%-d %b %Y}. Set which one it takes in the payer's rules."
        )
        return
    if done.drug_units not in (None, mg):
        draft.note(f"{done.drug_units} units of {code.code} are billed, but {mg} mg were given.")
    draft.bill(
        code,
        done.drug_units or mg,
        f"{code.code} is what this payer takes on the date; a unit is 1 mg.",
    )
    if visit:
        draft.ask(
            f"{visit} already includes the drug, and {code.code} bills it again. Keep the one that "
            "this payer asks for, strike the other, and set it in the payer's rules."
        )


def _esketamine_is_plausible(draft: Draft) -> None:
    done = draft.done
    mg = done.esketamine_mg or 0
    if mg % DEVICE_MG:
        draft.note(f"{mg} mg is not a whole number of {DEVICE_MG} mg devices: check the amount.")
    observed = minutes.after_dose(done.phases)
    if observed is None:
        draft.ask(
            "How long the patient was observed after esketamine is not recorded. Complete it."
        )
    elif observed < OBSERVED_MINUTES:
        draft.ask(
            f"Only {observed} min after the dose are recorded, and the visit includes "
            f"{OBSERVED_MINUTES}. Ask the nurse whether the times are right."
        )
    if done.diagnoses and not any(code.startswith(DEPRESSION) for code in done.diagnoses):
        draft.note("Esketamine is billed for depression (F32, F33), and no such diagnosis is here.")
