"""When people work: the week editor, exceptions, time off, on call, capacity."""

from django.urls import path

from api.desk.views import me
from api.desk.views.manage import capacity, hours, time_off

urlpatterns = [
    path("sites/<int:site>/hours", hours.hours, name="hours"),
    path("sites/<int:site>/time-off", time_off.time_off, name="time-off"),
    path("sites/<int:site>/capacity", capacity.capacity, name="capacity"),
    path("staff/<int:staff>/hours", hours.staff_hours, name="staff-hours"),
    path("staff/<int:staff>/hours/preview", hours.preview, name="preview-hours"),
    path("staff/<int:staff>/days", hours.exception, name="add-exception"),
    path("days/<int:exception>/remove", hours.forget_exception, name="remove-exception"),
    path("staff/<int:staff>/on-call", hours.on_call, name="add-on-call"),
    path("on-call/<int:on_call>/remove", hours.forget_on_call, name="remove-on-call"),
    path("time-off/<int:time_off>/approve", time_off.approve, name="approve-time-off"),
    path("time-off/<int:time_off>/decline", time_off.decline, name="decline-time-off"),
    path("time-off/<int:time_off>/withdraw", time_off.withdraw, name="withdraw-time-off"),
    path("me/time-off", me.ask_off, name="ask-time-off"),
    path("me/time-off/<int:pk>/withdraw", me.withdraw_off, name="withdraw-my-time-off"),
]
