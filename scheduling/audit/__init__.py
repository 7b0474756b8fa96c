"""An independent look at everything booked: reads rows, judges them by its own lights."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from clinic.models import Site
from scheduling.audit.judge import judge
from scheduling.audit.read import read
from scheduling.audit.rows import Violation

__all__ = ["Violation", "violations"]


def violations(
    *,
    sites: Iterable[Site | int] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    now: datetime | None = None,
) -> list[Violation]:
    """What is wrong with visits and holds of `sites` that overlap [start, end): violations first,
    then warnings. Reads in the current transaction, and so sees what it has not yet committed."""
    rows = read(
        sites=None if sites is None else [s.pk if isinstance(s, Site) else s for s in sites],
        start=start,
        end=end,
        now=now or timezone.now(),
    )
    return judge(rows)
