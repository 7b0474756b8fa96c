"""Rules about clinicians and nurses: claimed, able, on duty, and with few enough patients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from scheduling.audit.case import Case
from scheduling.audit.needs import NURSE, Watch, lanes_of
from scheduling.audit.rows import Claim, Violation, Visit
from scheduling.audit.spans import Span, merge, without


def clinician_is_claimed(case: Case) -> Iterator[Violation]:
    """One person per role is claimed, whole, in every phase that needs them."""
    for visit, needs in case.needing():
        for turn in needs.turns:
            spans = [(visit.start + low, visit.start + high) for low, high in turn.spans]
            claims = [claim for claim in case.staff_claims(visit) if claim.role == turn.role]
            people = {claim.resource for claim in claims}
            if len(people) != 1:
                yield case.wrong(
                    "clinician_is_claimed",
                    visit,
                    f"It has {len(people) or 'no'} {turn.role}s where it needs one.",
                )
                continue
            [person] = people
            for lane in range(case.lanes(person, visit.site)):
                held = [(claim.start, claim.end) for claim in claims if claim.lane == lane]
                if bare := [part for span in spans for part in without(span, held)]:
                    yield case.wrong(
                        "clinician_is_claimed",
                        visit,
                        f"{case.name(person)} is not wholly its {turn.role} "
                        f"{case.when(bare[0], visit.site)}.",
                    )
                    break
            if missing := turn.skills - case.rows.people[person].skills:
                yield case.wrong(
                    "staff_is_qualified",
                    visit,
                    f"{case.name(person)} lacks {', '.join(sorted(missing))}.",
                )


def ratio_is_kept(case: Case) -> Iterator[Violation]:
    """In every phase one nurse gives the patient the attention that ratio and acuity ask for.

    And what all patients of a nurse ask for together is at no minute more than the nurse has.
    """
    load: dict[tuple[int, int], list[tuple[Visit, Span, int]]] = defaultdict(list)
    for visit, needs in case.needing():
        claims = [claim for claim in case.staff_claims(visit) if claim.role == NURSE]
        taken: set[tuple[int, int]] = set()
        for watch in needs.watches:
            span = (visit.start + watch.start, visit.start + watch.end)
            nurse = _nurse(case, visit, watch, span, claims, taken)
            if nurse is None:
                yield case.wrong(
                    "ratio_is_kept",
                    visit,
                    f"No nurse gives it a ratio of 1:{watch.ratio} at acuity {visit.acuity} in "
                    f"{watch.phase}, {case.when(span, visit.site)}.",
                )
                continue
            taken.add((nurse, watch.start))
            load[nurse, visit.site].append((visit, span, _lanes(case, visit, watch, nurse)))
            if missing := watch.skills - case.rows.people[nurse].skills:
                yield case.wrong(
                    "staff_is_qualified",
                    visit,
                    f"{case.name(nurse)} lacks {', '.join(sorted(missing))}.",
                )
    for (nurse, site), tasks in load.items():
        yield from _overload(case, nurse, site, tasks)


def staff_is_qualified(case: Case) -> Iterator[Violation]:
    """Everybody claimed is active, works at the site, has the role and its credentials that day."""
    for visit, claim in _claimed(case):
        person = case.rows.people[claim.resource]
        site = case.rows.sites[visit.site]
        if not person.active or visit.site not in person.sites:
            yield case.wrong("staff_is_qualified", visit, f"{person.name} does not work here.")
        elif claim.role not in person.roles:
            yield case.wrong("staff_is_qualified", visit, f"{person.name} is no {claim.role}.")
        for kind in site.required.get(claim.role, ()):
            for day in case.calendar.days((claim.start, claim.end), visit.site):
                if not case.calendar.valid(person.id, kind, day):
                    yield case.wrong(
                        "credential_is_valid",
                        visit,
                        f"{person.name} has no valid {kind} on {day:%a} {day.day} {day:%b %Y}.",
                    )


def staff_is_on_duty(case: Case) -> Iterator[Violation]:
    """Everybody claimed works at the site then: hours, breaks, exceptions and absences kept."""
    for visit, claim in _claimed(case):
        off = case.calendar.off((claim.start, claim.end), claim.resource, visit.site)
        if off:
            yield case.wrong(
                "staff_is_on_duty",
                visit,
                f"{case.name(claim.resource)} is off {case.when(off[0], visit.site)}.",
            )


def staff_is_not_busy(case: Case) -> Iterator[Violation]:
    """Nobody is claimed for a time at which a calendar of their own says that they are busy.

    A warning where the calendar came to say so after the claim was made.
    """
    for visit, claim in _claimed(case):
        span = (claim.start, claim.end)
        if busy := case.calendar.engaged(span, claim.resource):
            known = case.calendar.engaged(span, claim.resource, claim.id)
            when = case.when((known or busy)[0], visit.site)
            found = case.wrong(
                "staff_is_not_busy",
                visit,
                f"{case.name(claim.resource)} is busy in their own calendar {when}.",
            )
            yield found if known else found._replace(severity="warning")


def staff_is_needed(case: Case) -> Iterator[Violation]:
    """Nobody is held in a phase that does not need them."""
    for visit, needs in case.needing():
        wanted: dict[str, list[Span]] = defaultdict(list)
        for turn in needs.turns:
            wanted[turn.role] += turn.spans
        for watch in needs.watches:
            wanted[NURSE].append((watch.start, watch.end))
        for claim in _distinct(case.staff_claims(visit)):
            span = (claim.start - visit.start, claim.end - visit.start)
            if idle := without(span, wanted[claim.role]):
                over = (visit.start + idle[0][0], visit.start + idle[0][1])
                yield case.wrong(
                    "staff_is_needed",
                    visit,
                    f"It holds {case.name(claim.resource)} as {claim.role} when no phase needs "
                    f"that, {case.when(over, visit.site)}.",
                )


def presence_is_kept(case: Case) -> Iterator[Violation]:
    """Somebody with the credential that a phase asks for is on duty at the site throughout."""
    for visit, needs in case.needing():
        wanted: dict[str, list[Span]] = defaultdict(list)
        for credential, low, high in needs.presence:
            wanted[credential].append((visit.start + low, visit.start + high))
        for credential, spans in wanted.items():
            for span in merge(spans):
                if bare := case.calendar.absent(span, credential, visit.site):
                    made = min((claim.id for claim in case.claims[visit.id]), default=0)
                    known = case.calendar.absent(span, credential, visit.site, made)
                    when = case.when((known or bare)[0], visit.site)
                    found = case.wrong(
                        "presence_is_kept", visit, f"Nobody with {credential} is on site {when}."
                    )
                    yield found if known else found._replace(severity="warning")


def travel_is_kept(case: Case) -> Iterator[Violation]:
    """Between claims at two sites a person has the minutes to get from one to the other."""
    claims: dict[int, list[Claim]] = defaultdict(list)
    for claim in case.rows.claims:
        if claim.resource in case.rows.people:
            claims[claim.resource].append(claim)
    for person, own in claims.items():
        if len(case.rows.people[person].sites) < 2:
            continue
        last: dict[int, Claim] = {}
        for claim in sorted(own, key=lambda claim: claim.start):
            site = case.site_of(claim)
            visit = case.rows.visits.get(claim.visit or 0)
            if site is None:
                continue
            for other, before in last.items():
                minutes = case.rows.travel.get((other, site), 0)
                told = visit if visit and visit.id in case.rows.scope else None
                if other == site or claim.start - before.end >= minutes or told is None:
                    continue
                if not case.is_over(told):
                    yield case.wrong(
                        "travel_is_kept",
                        told,
                        f"{case.name(person)} has {claim.start - before.end} minutes to come from "
                        f"{case.rows.sites[other].name}, and needs {minutes}.",
                    )
            if site not in last or claim.end > last[site].end:
                last[site] = claim


def _claimed(case: Case) -> Iterator[tuple[Visit, Claim]]:
    """Visits not over with one claim for each person, role and time in them."""
    for visit in case.standing:
        if not case.is_over(visit):
            for claim in _distinct(case.staff_claims(visit)):
                yield visit, claim


def _distinct(claims: Iterable[Claim]) -> Iterable[Claim]:
    return {(c.resource, c.role, c.start, c.end): c for c in claims}.values()


def _nurse(
    case: Case,
    visit: Visit,
    watch: Watch,
    span: Span,
    claims: list[Claim],
    taken: set[tuple[int, int]],
) -> int | None:
    """The nurse who gives a phase all it needs; one asked for twice in a phase counts once."""
    whole: dict[int, int] = defaultdict(int)
    for nurse, lane in {(claim.resource, claim.lane) for claim in claims}:
        held = [(c.start, c.end) for c in claims if (c.resource, c.lane) == (nurse, lane)]
        if (nurse, watch.start) not in taken and not without(span, held):
            whole[nurse] += 1
    enough = [n for n, lanes in whole.items() if lanes >= _lanes(case, visit, watch, n)]
    return max(enough, key=lambda n: (watch.skills <= case.rows.people[n].skills, -n), default=None)


def _lanes(case: Case, visit: Visit, watch: Watch, nurse: int) -> int:
    person = case.rows.people[nurse]
    return lanes_of(watch, visit.acuity, case.lanes(nurse, visit.site), person.max_patients)


def _overload(
    case: Case, nurse: int, site: int, tasks: list[tuple[Visit, Span, int]]
) -> Iterator[Violation]:
    """Minutes at which a nurse's patients ask for more than one nurse, told once a visit."""
    lanes = case.lanes(nurse, site)
    most = case.rows.people[nurse].max_patients or lanes
    tasks = sorted(tasks, key=lambda task: task[1])
    told: set[int] = set()
    current: list[tuple[Visit, Span, int]] = []
    for task in tasks:
        visit, (start, _), _ = task
        current = [other for other in current if other[1][1] > start]
        current.append(task)
        needed = sum(need for _, _, need in current)
        patients = {other.id for other, _, _ in current}
        if (needed > lanes or len(patients) > most) and visit.id not in told:
            told.add(visit.id)
            until = min(span[1] for _, span, _ in current)
            yield case.wrong(
                "ratio_is_kept",
                visit,
                f"{case.name(nurse)} has {len(patients)} patients who need {needed} lanes of "
                f"{lanes}, {case.when((start, until), site)}.",
            )
