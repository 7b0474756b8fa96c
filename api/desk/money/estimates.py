"""How a good faith estimate reads: of what, by when and why, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from api.desk import words
from api.desk.money.tabs import dollars
from api.desk.people import shown_name
from billing.models import Document, Estimate
from clinic.models import Site, User
from scheduling.selectors.visits import step_name

State = Estimate.State


@dataclass(frozen=True, slots=True)
class Stand:
    """How a stand looks, and what it means where nothing is in it."""

    word: str
    tone: str
    icon: str
    empty: str


STANDS = {
    "overdue": Stand("Overdue", "bad", "triangle-alert", "Every estimate was given in time."),
    "due": Stand("Due", "warn", "clock", "No patient waits for an estimate."),
    "issued": Stand("Issued", "good", "file-check", "What is issued can be printed again here."),
    "not_needed": Stand(
        "Not required",
        "",
        "circle-dot",
        "Booked at short notice, or insured: due only when the patient asks.",
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list."""

    estimate: Estimate
    name: str
    what: str
    version: str
    stand: str
    look: Stand
    when: str
    total: str
    problems: tuple[str, ...]
    document: Document | None

    @property
    def may_issue(self) -> bool:
        return self.stand in ("overdue", "due", "not_needed") and self.document is None


def standing(rows: QuerySet[Estimate], stand: str, today: date) -> QuerySet[Estimate]:
    """Those of a stand, in the order in which somebody should look at them."""
    wanted = {
        "overdue": Q(state=State.DUE, due_on__lt=today),
        "due": Q(state=State.DUE, due_on__gte=today),
        "issued": Q(state=State.ISSUED),
        "not_needed": Q(state=State.NOT_NEEDED),
    }[stand]
    by = ("due_on", "pk") if stand in ("overdue", "due") else ("-pk",)
    return rows.filter(wanted).order_by(*by)


def of_site(site: Site) -> QuerySet[Estimate]:
    """The newest version of each estimate of a site, with all that a row needs."""
    rows = Estimate.objects.filter(site=site).exclude(state=State.SUPERSEDED)
    return rows.select_related(
        "patient", "series__protocol_version", "appointment__protocol_version", "document"
    )


def row_of(estimate: Estimate, user: User, site: Site, today: date) -> Row:
    stand = stand_of(estimate, today)
    return Row(
        estimate=estimate,
        name=shown_name(user, estimate.patient, site),
        what=what_of(estimate),
        version=f"version {estimate.version}" if estimate.version > 1 else "",
        stand=stand,
        look=STANDS[stand],
        when=_when(estimate, stand, today),
        total=dollars(estimate.cents),
        problems=tuple(sorted({line["problem"] for line in estimate.lines if line["problem"]})),
        document=estimate.document,
    )


def stand_of(estimate: Estimate, today: date) -> str:
    if estimate.state == State.DUE:
        return "overdue" if estimate.due_on and estimate.due_on < today else "due"
    return "issued" if estimate.state == State.ISSUED else "not_needed"


def what_of(estimate: Estimate) -> str:
    """The treatment, or the one visit, that it is of."""
    if estimate.series:
        return str(estimate.series.protocol_version.name)
    return step_name(estimate.appointment) if estimate.appointment else ""


def _when(estimate: Estimate, stand: str, today: date) -> str:
    """In words from today: `2 days late`, `today`, `in 3 days`."""
    if estimate.due_on is None or stand not in ("overdue", "due"):
        return ""
    days = (estimate.due_on - today).days
    return f"{words.count(-days, 'day')} late" if days < 0 else words.distance(days)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an estimate; `first` of its visit, with which day and visit are told."""

    day: date
    first: bool
    what: str
    visit: str
    code: str
    units: int
    amount: str
    provider: str


def lines_of(estimate: Estimate) -> list[Line]:
    """The lines in their order, those of a visit together."""
    found: list[Line] = []
    before = None
    for line in estimate.lines:
        here = (line["on"], line["step"])
        found.append(
            Line(
                day=date.fromisoformat(line["on"]),
                first=here != before,
                what=line["what"],
                visit=line["visit"],
                code=line["code"],
                units=line["units"],
                amount="in the package" if line["packaged"] else dollars(line["cents"]),
                provider=line["provider"],
            )
        )
        before = here
    return found
