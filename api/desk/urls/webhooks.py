"""Which programs are told of what happens."""

from django.urls import path

from api.desk.views.manage import webhooks

urlpatterns = [
    path("setup/webhooks", webhooks.listed, name="webhooks"),
    path("setup/webhooks/new", webhooks.new, name="new-webhook"),
    path("webhooks/<int:endpoint>", webhooks.endpoint, name="webhook"),
    path("webhooks/<int:endpoint>/turn", webhooks.turn, name="turn-webhook"),
    path("webhooks/<int:endpoint>/rotate", webhooks.rotate, name="rotate-webhook"),
    path("webhooks/<int:endpoint>/test", webhooks.test, name="test-webhook"),
    path("webhooks/<int:endpoint>/remove", webhooks.remove, name="remove-webhook"),
    path("webhooks/<int:endpoint>/replay", webhooks.replay_all, name="replay-webhook"),
    path(
        "webhook-deliveries/<int:webhook_delivery>/replay",
        webhooks.replay,
        name="replay-delivery",
    ),
]
