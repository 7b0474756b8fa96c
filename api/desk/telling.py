"""What is said after something was done: a toast, with a way back where there is one."""

from __future__ import annotations

from django.contrib import messages

from api.desk.frame import Asked


def tell(request: Asked, text: str, *, undo: str = "") -> None:
    """Show `text` on the next page. `undo` is the journal's subject, such as "visit:12"."""
    messages.success(request, text)
