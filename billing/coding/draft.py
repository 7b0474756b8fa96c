"""A proposal while the rules of coding write it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from billing.coding.charges import Charges, Done, Dropped, Flag, Line
from billing.coding.table import USES, Code, Payer, Rules

ADMINISTERED = frozenset({"infusion", "push", "injection"})
"""Giving a drug: what modifier and bundling rules look for beside a visit."""
ESKETAMINE_VISITS = frozenset({"esketamine_low", "esketamine_high"})
VISITS = frozenset({"visit_new", "visit_established"})
INTAKES = frozenset({"intake", "intake_medical"})
MOST_POINTERS = 4
"""A service line of a claim points at four diagnoses at most (CMS-1500, item 24E)."""

_ORDER = (
    "visit_new", "visit_established", "prolonged", "esketamine_low", "esketamine_high", "intake",
    "intake_medical", "infusion", "infusion_hour", "push", "injection", "psychotherapy",
    "psychotherapy_added", "ketamine", "esketamine_drug", "rating_scale",
)  # fmt: skip
assert set(_ORDER) == set(USES)


@dataclass(slots=True)
class Draft:
    """What was done, the rules for it, and what they have said so far."""

    done: Done
    rules: Rules
    payer: Payer
    billed: list[tuple[Code, Line]] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)

    def has(self, uses: frozenset[str]) -> bool:
        """Whether a code of one of these uses is billed."""
        return any(code.use in uses for code, _ in self.billed)

    def valid(self, use: str, minutes: int | None = None) -> Code | None:
        """The code of a use on the date, for so many minutes; None, and a flag, without one."""
        for code in self.rules.of(use, self.done.on, self.payer):
            if minutes is None or code.is_for(minutes):
                return code
        took = "" if minutes is None else f" for {minutes} min"
        self.ask(
            f"No code for “{use.replace('_', ' ')}”{took} is valid on {self.done.on:%-d %b %Y} for "
            f"{self.payer.name}: add it to the code table, or charge it by hand."
        )
        return None

    def bill(self, code: Code, units: int, reason: str, minutes: int | None = None) -> None:
        pointers = range(1, min(len(self.done.diagnoses), MOST_POINTERS) + 1)
        line = Line(
            code.code,
            units,
            code.what,
            reason,
            self.rules.cite(code.sources),
            pointers=tuple(pointers),
            minutes=minutes,
            review=code.review,
        )
        self.billed.append((code, line))

    def modify(self, uses: frozenset[str], modifier: str, review: str = "") -> None:
        """Put a modifier on every line of these uses, once."""
        for number, (code, line) in enumerate(self.billed):
            if code.use in uses and modifier not in line.modifiers:
                said = " ".join(part for part in (line.review, review) if part)
                changed = replace(line, modifiers=(*line.modifiers, modifier), review=said)
                self.billed[number] = (code, changed)

    def note(self, text: str) -> None:
        """Something to look at."""
        self.flags.append(Flag(text))

    def ask(self, text: str) -> None:
        """Something to answer before the charges go out."""
        self.flags.append(Flag(text, stops=True))

    def drop(self, what: str, reason: str, sources: tuple[str, ...], code: str = "") -> None:
        self.dropped.append(Dropped(what, reason, self.rules.cite(sources), code))

    def charges(self) -> Charges:
        ordered = sorted(self.billed, key=lambda pair: _ORDER.index(pair[0].use))
        place = self.rules.places[self.done.place].code
        return Charges(
            tuple(line for _, line in ordered), tuple(self.flags), tuple(self.dropped), place
        )
