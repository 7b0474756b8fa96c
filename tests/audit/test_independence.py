"""The judge would be no witness if it shared code with what it judges."""

import ast
from pathlib import Path

import pytest

AUDIT = Path(__file__).resolve().parents[2] / "scheduling" / "audit"


@pytest.mark.parametrize("path", sorted(AUDIT.glob("*.py")), ids=lambda path: path.name)
def test_the_audit_imports_nothing_of_planner_daybook_services_or_catalogue(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            imported |= {f"{node.module}.{name.name}" for name in node.names}
        elif isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
    own = {name for name in imported if name.startswith(("scheduling", "clinic"))}
    allowed = ("scheduling.audit", "scheduling.guard", "clinic.models.Site")
    assert {name for name in own if not name.startswith(allowed)} == set()


@pytest.mark.parametrize("name", ["judge", "books", "places", "people", "courses", "calendar"])
def test_the_judge_knows_no_framework(name):
    assert "django" not in (AUDIT / f"{name}.py").read_text().lower().replace("nor django", "")
