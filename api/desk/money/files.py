"""Worklists as files for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

from api.desk.frame import kept_nowhere
from clinic.imports.table import guarded


def csv_file(name: str, rows: Iterable[Sequence[str]]) -> HttpResponse:
    """CSV in UTF-8 with its mark; no cell is taken for a formula. The name tells of nobody."""
    text = io.StringIO()
    csv.writer(text).writerows(map(_cells, rows))
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return kept_nowhere(response)


def _cells(row: Sequence[str]) -> list[str]:
    """An amount below nothing begins like a formula, and is none."""
    return [cell if cell[1:].replace(".", "").isdigit() else guarded(cell) for cell in row]
