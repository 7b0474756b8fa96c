"""django-appointment through its own views, on the database of DATABASE_URL; figures as JSON.

Run by `peer_bench` with the Python of an environment that has only that package: it imports
nothing of ours. Eight people work a day of half-hour slots, a third of which are booked.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any
from urllib.parse import urlsplit

PEOPLE, ROUNDS, CROWD = 8, 15, 16


def configured() -> None:
    import django
    from django.conf import settings

    at = urlsplit(os.environ["DATABASE_URL"])
    settings.configure(
        SECRET_KEY="bench",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": at.path.lstrip("/"),
                "USER": at.username or "postgres",
                "PASSWORD": at.password or "",
                "HOST": at.hostname or os.environ.get("PGHOST", ""),
                "PORT": at.port or "",
                "CONN_MAX_AGE": None,
            }
        },
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "appointment",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        LOGGING_CONFIG=None,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    from django.urls import include, path

    globals()["urlpatterns"] = [path("", include("appointment.urls"))]


def the_day() -> date:
    """A Tuesday to come."""
    today = datetime.now(tz=UTC).date()
    return today + timedelta(days=7 + (1 - today.weekday()) % 7)


def clinic() -> tuple[Any, list[Any]]:
    from datetime import time as clock

    from appointment.models import AppointmentRequest, Service, StaffMember, WorkingHours
    from django.contrib.auth import get_user_model

    service = Service.objects.create(name="Infusion", duration=timedelta(minutes=30), price=1)
    staff = []
    for number in range(PEOPLE):
        user = get_user_model().objects.create(username=f"u{number}", first_name=f"U{number}")
        member = StaffMember.objects.create(user=user)
        member.services_offered.add(service)
        for day in range(1, 6):
            WorkingHours.objects.create(
                staff_member=member, day_of_week=day, start_time=clock(8), end_time=clock(18)
            )
        for hour in (9, 11, 13, 15):
            AppointmentRequest.objects.create(
                date=the_day(),
                start_time=clock(hour),
                end_time=clock(hour, 30),
                service=service,
                staff_member=member,
            )
        staff.append(member)
    return service, staff


def slots(service: Any, staff: list[Any]) -> list[float]:
    """Seconds for the free slots of everybody on one day, as the page asks for them."""
    from django.test import Client
    from django.urls import reverse

    browser, took = Client(headers={"x-requested-with": "XMLHttpRequest"}), []
    address = reverse("appointment:available_slots_ajax")
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        for member in staff:
            answer = browser.get(
                address,
                {
                    "selected_date": the_day().isoformat(),
                    "staff_member": member.pk,
                    "service_id": service.pk,
                },
            )
            assert answer.status_code == 200, answer.status_code
            assert answer.json()["available_slots"], answer.json()
        took.append(time.perf_counter() - began)
    return took[1:]


def race(service: Any, member: Any) -> Counter[str]:
    """So many people ask for one free slot at once, each through the view that takes requests."""
    from django.db import connection
    from django.test import Client
    from django.urls import reverse

    together, told = threading.Barrier(CROWD), Counter[str]()

    def ask() -> None:
        browser = Client(raise_request_exception=False)
        together.wait()
        answer = browser.post(
            reverse("appointment:appointment_request_submit"),
            {
                "date": the_day().isoformat(),
                "start_time": "16:00",
                "end_time": "16:30",
                "service": service.pk,
                "staff_member": member.pk,
            },
        )
        told["taken" if answer.status_code == 302 else "refused"] += 1
        connection.close()

    crowd = [threading.Thread(target=ask) for _ in range(CROWD)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    return told


def main() -> None:
    configured()
    from django.core.management import call_command

    # The package brings no migrations; its tables need those of the people before them.
    call_command("migrate", verbosity=0)
    call_command("migrate", run_syncdb=True, verbosity=0)
    service, staff = clinic()
    took = slots(service, staff)
    told = race(service, staff[0])
    print(json.dumps({"slots_ms": round(1000 * median(took), 1), "one_slot_taken": told["taken"]}))


if __name__ == "__main__":
    main()
