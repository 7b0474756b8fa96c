"""The planner's best plan scores what CP-SAT proves to be the optimum."""

from __future__ import annotations

import pytest

from scheduling.planner.fallback import fewest_outside
from scheduling.planner.options import Variant
from scheduling.planner.rules import check
from scheduling.planner.search import propose
from scheduling.planner.variants import Search
from tests.planner.instances import instance
from tests.planner.oracle import optimum

CHUNKS, SIZE = 21, 5


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_best_plan_scores_the_proven_optimum(chunk: int) -> None:
    for seed in range(chunk * SIZE, (chunk + 1) * SIZE):
        clinic, request = instance(seed)
        expected = optimum(clinic, request)
        diary = clinic.diary()
        search = Search(request, diary)
        everyone = [Variant(therapist) for therapist in search.therapists]
        best = search.best(everyone)
        if best is None and request.weekdays:
            best = fewest_outside(search, everyone)
        found = best and best.rank
        assert found == expected, f"seed {seed}"
        for plan in propose(request, diary).plans:
            assert check(plan.visits, diary, request.protocol, acuity=request.acuity) == []
