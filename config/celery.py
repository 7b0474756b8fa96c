"""The job queue, and the table of what runs by the clock."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("chairtime")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def every(seconds: int, task: str, *args: object) -> dict[str, Any]:
    """One row: a run that nobody took before the next one is due is dropped, not piled up."""
    schedule, options = float(seconds), {"expires": seconds}
    return {"task": task, "args": args, "schedule": schedule, "options": options}


app.conf.beat_schedule = {
    "expire holds": every(60, "scheduling.tasks.expire_holds"),
    "better what nobody betters": every(60, "scheduling.tasks.finish_recoveries"),
    "run the waitlist": every(30, "scheduling.tasks.run_waitlist"),
    "follow-ups of what changed just now": every(60, "scheduling.tasks.refresh_follow_ups", 5),
    "follow-ups of what changed today": every(7200, "scheduling.tasks.refresh_follow_ups", 1500),
    "tell what opens today": every(600, "scheduling.tasks.announce_follow_ups"),
    "tell what was not told just now": every(60, "scheduling.tasks.catch_up_messages", 15),
    "tell what was not told today": every(3600, "scheduling.tasks.catch_up_messages", 1440),
    "remind": every(300, "scheduling.tasks.queue_reminders"),
    "send messages": every(30, "scheduling.tasks.send_messages"),
    "send webhooks": every(10, "api.tasks.send_webhooks"),
    "forget old webhooks": every(3600, "api.tasks.forget_old_webhooks"),
    "read outside calendars": every(120, "scheduling.tasks.read_calendars"),
    "charges of what changed just now": every(300, "billing.tasks.capture_waiting", 15),
    "charges of what changed today": every(7200, "billing.tasks.capture_waiting", 1440),
    "estimates of what changed just now": every(300, "billing.tasks.refresh_recent_estimates", 15),
    "estimates of what changed today": every(7200, "billing.tasks.refresh_recent_estimates", 1500),
    "forget old answers": every(3600, "api.tasks.forget_old_answers"),
    "forget old proposals": every(1800, "api.tasks.forget_old_proposals"),
    "forget old imports": every(3600, "clinic.tasks.forget_old_imports"),
    "ask about pending payments": every(60, "billing.tasks.reconcile_payments"),
    "clear expired tokens": every(86_400, "api.tasks.clear_expired_tokens"),
}
