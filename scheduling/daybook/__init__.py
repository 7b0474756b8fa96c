"""Rows to diaries, and the only place that locks.

`read` is for looking; `open_days` locks, sweeps and reads in one call, for whoever will write.
"""

from scheduling.daybook.diary import read
from scheduling.daybook.locks import close_site, lock_visits, open_days

__all__ = ["close_site", "lock_visits", "open_days", "read"]
