"""How evenly patients are shared among nurses."""

from __future__ import annotations

from api.desk.plots import Dot, dots, spark
from api.desk.reports.told import Against, Asked, Column, Figure, Plot, Table, Told, percent
from scheduling.selectors.reports import nurse_loads
from scheduling.selectors.reports.nurses import EVEN, FAIRLY, QUERIES

COLUMNS = (
    *(Column("Nurse", number=False), Column("Visits"), Column("Lane minutes taken")),
    *(Column("Minutes on duty"), Column("Lanes"), Column("Load, %")),
)


def told(asked: Asked) -> Told:
    found = nurse_loads(site=asked.site, first=asked.first, last=asked.last, now=asked.now)
    loads = [row.percent for row in found.rows]
    known = [load for load in loads if load is not None]
    spread = f"{min(known):.0f} to {max(known):.0f} %" if known else "–"
    fair = found.gini is not None and found.gini <= FAIRLY
    return Told(
        headline=found.words[:1].upper() + found.words[1:],
        says=f"loads from {spread} of a nurse’s lanes",
        small=spark("Load by nurse", loads, found.mean),
        against=None
        if found.gini is None
        else Against(
            f"Gini {found.gini:.2f}",
            "good" if fair else "warn",
            "circle-check" if fair else "triangle-alert",
        ),
        figures=(
            Figure("Mean load", percent(found.mean)),
            Figure("Loads", spread),
            Figure("Gini coefficient", "–" if found.gini is None else f"{found.gini:.2f}"),
            Figure(
                "Spread over the mean",
                "–" if found.variation is None else percent(100 * found.variation),
            ),
        ),
        plots=(
            Plot(
                "Load of each nurse",
                dots(
                    "Percent of each nurse’s lanes on duty that patients take.",
                    [Dot(row.name, row.percent, percent(row.percent)) for row in found.rows],
                    mean=None if found.mean is None else ("mean", found.mean),
                ),
            ),
        ),
        table=Table(
            "Load by nurse",
            COLUMNS,
            tuple(
                (
                    row.name,
                    row.visits,
                    row.lane_minutes,
                    row.duty_minutes,
                    row.lanes,
                    row.percent,
                )
                for row in found.rows
            ),
        ),
        counted=(
            "Lanes are weighted by acuity: acuity 4 and 5 take twice as many, 6 takes the nurse "
            "alone. Load is lane minutes taken by visits, of the lanes a nurse has on duty.",
            "The Gini coefficient compares every nurse’s load with every other’s: 0 when all are "
            f"alike, near 1 when one has everything. Up to {EVEN} reads as even, up to "
            f"{FAIRLY} as fairly even. The spread over the mean is the coefficient of "
            "variation.",
            "A charge nurse who coordinates, or somebody who is also a prescriber, has less on "
            "purpose: read the numbers with the people.",
        ),
        queries=QUERIES,
        empty=""
        if not found.is_empty
        else "No patient is with a nurse on these dates. Book visits, or choose other dates.",
    )
