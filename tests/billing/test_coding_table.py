"""What a visit is billed as, one row a case, around every minute and amount that matters.

A row: the visit, the charges (`code-modifier x units`), and the source of the rule.
"""

from __future__ import annotations

from datetime import date

import pytest

from billing.coding import Done
from tests.billing.cast import RULES, THERAPIST, billed, charges, dosed, infused, seen, talked

TIME, MANUAL = "infusion-time", "manual-12-30.5"
TALK, INTAKE, VISIT = "psychotherapy-time", "diagnostic-evaluation", "office-visits"
LONG, LONG_MEDICARE = "prolonged-cpt", "prolonged-medicare"
SPRAY, DRUG, SCALE, FAR = (
    "esketamine-medicare",
    "esketamine-drug",
    "rating-scale",
    "telehealth-place",
)
MEDICARE, INSURED = {"payer": "medicare"}, {"payer": "commercial"}
OLD, NEW = date(2025, 12, 31), date(2026, 1, 1)

INFUSIONS = [
    (infused(minutes), said, source)
    for minutes, said, source in [
        (None, "96374 J3490", TIME),
        (0, "96374 J3490", TIME),
        (1, "96374 J3490", TIME),
        (14, "96374 J3490", TIME),
        (15, "96374 J3490", TIME),
        (16, "96365 J3490", TIME),
        (17, "96365 J3490", TIME),
        (30, "96365 J3490", TIME),
        (31, "96365 J3490", TIME),
        (40, "96365 J3490", TIME),
        (45, "96365 J3490", TIME),
        (52, "96365 J3490", TIME),
        (59, "96365 J3490", TIME),
        (60, "96365 J3490", TIME),
        (61, "96365 J3490", TIME),
        (89, "96365 J3490", TIME),
        (90, "96365 J3490", TIME),
        (91, "96365 96366 J3490", TIME),
        (120, "96365 96366 J3490", TIME),
        (149, "96365 96366 J3490", TIME),
        (150, "96365 96366 J3490", TIME),
        (151, "96365 96366x2 J3490", TIME),
        (180, "96365 96366x2 J3490", TIME),
        (209, "96365 96366x2 J3490", TIME),
        (210, "96365 96366x2 J3490", TIME),
        (211, "96365 96366x3 J3490", TIME),
        (270, "96365 96366x3 J3490", TIME),
        (271, "96365 96366x4 J3490", TIME),
        (330, "96365 96366x4 J3490", TIME),
        (331, "96365 96366x5 J3490", TIME),
    ]
]
BY_PAYER = [
    (infused(40, payer=payer), "96365 J3490", TIME)
    for payer in ("self_pay", "commercial", "medicare")
] + [
    (infused(40, own_drug=False), "96365", "unlisted-drug"),
    (infused(40, drug_units=2), "96365 J3490x2", "unlisted-drug"),
    (infused(40, em="99214"), "99214-25 96365 J3490", MANUAL),
    (infused(15, em="99213"), "99213-25 96374 J3490", MANUAL),
    (infused(None, em="99213"), "99213-25 96374 J3490", MANUAL),
    (infused(40, em="99203", established=False), "99203-25 96365 J3490", MANUAL),
    (infused(40, em="99211"), "96365 J3490", MANUAL),
    (infused(40, psychotherapy_minutes=45), "96365 90834 J3490", TALK),
    (infused(40, em="99214", psychotherapy_minutes=45), "99214-25 96365 90836 J3490", TALK),
    (infused(40, psychotherapy_minutes=15), "96365 J3490", TIME),
    (infused(40, scales=2), "96365 J3490 96127x2", SCALE),
    (dosed(route="iv"), "96365 96366 J3490", TIME),
    (dosed(route="iv", observed=90), "96365 J3490", TIME),
    (dosed(route="im"), "96372 J3490", MANUAL),
    (dosed(route="im", em="99214"), "99214-25 96372 J3490", MANUAL),
    (dosed(route="im", psychotherapy_minutes=53), "96372 90837 J3490", TALK),
    (dosed(route="by_mouth"), "", None),
    (dosed(), "", None),
]
ESKETAMINE = [
    (dosed(28, **MEDICARE), "G2082", SPRAY),
    (dosed(55, **MEDICARE), "G2082", SPRAY),
    (dosed(56, **MEDICARE), "G2082", SPRAY),
    (dosed(57, **MEDICARE), "G2083", SPRAY),
    (dosed(84, **MEDICARE), "G2083", SPRAY),
    (dosed(84, **MEDICARE, em="99214"), "G2083", SPRAY),
    (dosed(84, **MEDICARE, em="99215", em_minutes=130), "G2083", SPRAY),
    (dosed(84, **MEDICARE, established=False, em="99204"), "99204", VISIT),
    (dosed(56, **MEDICARE, on=OLD), "G2082", SPRAY),
    (dosed(56, **MEDICARE, on=date(2019, 12, 31)), "", None),
    (dosed(56, **MEDICARE, scales=1), "G2082 96127", SCALE),
    (dosed(56, **MEDICARE, own_drug=False, em="99214"), "99214", VISIT),
    (dosed(56, **MEDICARE, psychotherapy_minutes=38), "G2082 90834", TALK),
    (dosed(0, **MEDICARE), "", None),
    (dosed(56, **INSURED, on=OLD), "G2082 S0013x56", DRUG),
    (dosed(56, **INSURED, on=NEW), "G2082 J0013x56", DRUG),
    (dosed(84, **INSURED, on=OLD), "G2083 S0013x84", DRUG),
    (dosed(84, **INSURED, on=NEW), "G2083 J0013x84", DRUG),
    (dosed(84, **INSURED, drug_units=56), "G2083 J0013x56", DRUG),
    (dosed(84, **INSURED, own_drug=False, em="99214"), "99214", VISIT),
    (dosed(84, **INSURED, established=False, em="99205"), "99205 J0013x84", DRUG),
    (dosed(84, payer="self_pay", on=OLD), "G2083 S0013x84", DRUG),
    (dosed(84, payer="self_pay", on=NEW), "G2083 J0013x84", DRUG),
]
THERAPY = (
    [
        (talked(minutes), code, TALK if code else None)
        for minutes, code in [
            (None, ""),
            (0, ""),
            (15, ""),
            (16, "90832"),
            (17, "90832"),
            (30, "90832"),
            (36, "90832"),
            (37, "90832"),
            (38, "90834"),
            (39, "90834"),
            (45, "90834"),
            (51, "90834"),
            (52, "90834"),
            (53, "90837"),
            (54, "90837"),
            (60, "90837"),
            (90, "90837"),
        ]
    ]
    + [
        (talked(minutes, em="99213"), f"99213 {code}".strip(), TALK if code else VISIT)
        for minutes, code in [
            (15, ""),
            (16, "90833"),
            (30, "90833"),
            (31, "90833"),
            (37, "90833"),
            (38, "90836"),
            (52, "90836"),
            (53, "90838"),
            (90, "90838"),
        ]
    ]
    + [
        (talked(50, place="telehealth_home", **INSURED), "90834-95", FAR),
        (talked(50, place="telehealth_elsewhere", **INSURED), "90834-95", FAR),
        (talked(50, place="telehealth_home", **MEDICARE), "90834", FAR),
        (talked(50, place="telehealth_home"), "90834", FAR),
        (
            talked(50, place="telehealth_home", **INSURED, em="99214"),
            "99214-95 90836-95",
            FAR,
        ),
        (talked(60, psychotherapy_minutes=37), "90832", TALK),
        (talked(60, scales=3), "90837 96127x3", SCALE),
        (talked(60, on=date(2012, 12, 31)), "", None),
    ]
)
INTAKES = [
    (seen("screening"), "90792", INTAKE),
    (seen("screening", THERAPIST), "90791", INTAKE),
    (seen("screening", "monitoring_nurse"), "", None),
    (seen("screening", intake="without_medical"), "90791", INTAKE),
    (seen("screening", THERAPIST, intake="with_medical"), "90792", INTAKE),
    (seen("consult", intake="with_medical"), "90792", INTAKE),
    (seen("consult", intake="with_medical", em="99204", established=False), "90792", INTAKE),
    (seen("consult", intake="without_medical", psychotherapy_minutes=45), "90791", INTAKE),
    (seen("screening", em="99205", established=False), "99205", VISIT),
    (seen("screening", intake="with_medical", scales=1), "90792 96127", SCALE),
    (
        seen("screening", intake="with_medical", place="telehealth_home", **INSURED),
        "90792-95",
        FAR,
    ),
]
VISITS = (
    [(seen(em=code, established=False), code, VISIT) for code in "99202 99203 99204 99205".split()]
    + [(seen(em=code), code, VISIT) for code in "99211 99212 99213 99214 99215".split()]
    + [
        (seen(em="99214", established=False), "", None),
        (seen(em="99204"), "", None),
        (seen(em="99201", established=False), "", None),
        (seen(), "", None),
        (seen("review"), "", None),
        (seen("review", em="99213"), "99213", VISIT),
        (seen("review", THERAPIST, psychotherapy_minutes=60), "90837", TALK),
        (seen(em="99214", place="telehealth_home", **INSURED), "99214-95", FAR),
        (seen(em="99214", place="telehealth_elsewhere", **MEDICARE), "99214", FAR),
    ]
)
PROLONGED = (
    [
        (seen(em="99205", established=False, em_minutes=minutes, **INSURED), said, source)
        for minutes, said, source in [
            (59, "99205", VISIT),
            (60, "99205", VISIT),
            (74, "99205", VISIT),
            (75, "99205 99417", LONG),
            (89, "99205 99417", LONG),
            (90, "99205 99417x2", LONG),
        ]
    ]
    + [
        (seen(em="99215", em_minutes=minutes, **INSURED), said, source)
        for minutes, said, source in [
            (54, "99215", VISIT),
            (55, "99215 99417", LONG),
            (69, "99215 99417", LONG),
            (70, "99215 99417x2", LONG),
        ]
    ]
    + [
        (seen(em="99205", established=False, em_minutes=minutes, **MEDICARE), said, source)
        for minutes, said, source in [
            (88, "99205", VISIT),
            (89, "99205 G2212", LONG_MEDICARE),
            (103, "99205 G2212", LONG_MEDICARE),
            (104, "99205 G2212x2", LONG_MEDICARE),
        ]
    ]
    + [
        (seen(em="99215", em_minutes=minutes, **MEDICARE), said, source)
        for minutes, said, source in [
            (68, "99215", VISIT),
            (69, "99215 G2212", LONG_MEDICARE),
            (83, "99215 G2212", LONG_MEDICARE),
            (84, "99215 G2212x2", LONG_MEDICARE),
        ]
    ]
    + [(seen(em="99214", em_minutes=120, **INSURED), "99214", VISIT)]
)
CASES = [*INFUSIONS, *BY_PAYER, *ESKETAMINE, *THERAPY, *INTAKES, *VISITS, *PROLONGED]


def named(row: tuple[Done, str, str | None]) -> str:
    done, said, _ = row
    return f"{done.kind} {done.payer}: {said or 'nothing'}"


@pytest.mark.parametrize(("done", "said", "source"), CASES, ids=map(named, CASES))
def test_a_visit_is_billed_as(done: Done, said: str, source: str | None):
    assert billed(done) == said
    proposed = charges(done)
    if source is None:
        assert proposed.flags, "where nothing is billed, a person hears why"
        return
    cited = [line.source for line in proposed.lines] + [one.source for one in proposed.dropped]
    cited.append(RULES.cite(RULES.places[done.place].sources))
    assert any(RULES.sources[source] in text for text in cited)


def test_the_table_has_every_boundary():
    assert len(CASES) >= 120
