"""What is due: the list, and what is done with one."""

from django.urls import path

from api.desk.views import due, follow_ups, gates

urlpatterns = [
    path("sites/<int:site>/follow-ups", follow_ups.listed, name="follow-ups"),
    path("sites/<int:site>/missing", gates.missing, name="missing"),
    path("follow-ups/<int:follow_up>/book", follow_ups.book, name="book-follow-up"),
    path(
        "follow-ups/<int:follow_up>/done",
        follow_ups.settle,
        {"how": "done"},
        name="finish-follow-up",
    ),
    path(
        "follow-ups/<int:follow_up>/drop",
        follow_ups.settle,
        {"how": "dropped"},
        name="drop-follow-up",
    ),
    path("follow-ups/<int:follow_up>/reopen", follow_ups.reopen, name="reopen-follow-up"),
    path("follow-ups/<str:secret>", due.due, name="due"),
]
