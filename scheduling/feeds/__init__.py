"""Appointments as iCalendar: find the feed, say what it may, render, remember.

`read` finds a feed and its entries, `words` decides what each level of detail reveals, `render`
writes RFC 5545 with the zones of `zones`, `serve` renders once a change and never once a poll.

And iCalendar as busy time: `taking` asks an address or opens a file, `busy` reads when its owner is
busy with `busy_lines`, `busy_zones` and `busy_series`, and services keep that.
"""
