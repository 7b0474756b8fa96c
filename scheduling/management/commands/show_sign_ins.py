from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from clinic.models import Grant
from scheduling.demo.blueprint import DOMAIN, PASSWORD


class Command(BaseCommand):
    help = "Print the demo's sign-ins, if this database has them."

    def handle(self, *args: Any, **options: Any) -> None:
        grants = Grant.objects.filter(user__email__iendswith=f"@{DOMAIN}", user__is_active=True)
        rows = [
            (grant.user.email, grant.get_role_display(), grant.site.name if grant.site else "")
            for grant in grants.select_related("user", "site").order_by("pk")
        ]
        if not rows:
            self.stdout.write("There are no demo sign-ins here.")
            return
        self.stdout.write(f"Demo sign-ins, all with the password {PASSWORD}:")
        for email, role, site in rows:
            self.stdout.write(f"  {email:<32} {role:<14} {site}".rstrip())
