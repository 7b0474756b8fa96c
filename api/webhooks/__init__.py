"""Webhooks (Standard Webhooks 1.0): other programs are told of every booking fact, signed.

    events     journal action -> event type, in one table                          (no Django)
    payloads   journal rows -> what is told of them, ids and times only
    outbox     rows are kept with the change, and spread over the endpoints that want them
    signing    secrets, sealed; signatures
    endpoints  add, change, rotate, turn on and off, remove
    delivery   each event at least once, in order within a series, retried for a day

See docs/decisions/0038.
"""
