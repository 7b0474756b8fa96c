"""Appointments as iCalendar: find the feed, say what it may, render, remember.

`read` finds a feed and its entries, `words` decides what each level of detail reveals, `render`
writes RFC 5545 with the zones of `zones`, `serve` renders once a change and never once a poll.
"""
