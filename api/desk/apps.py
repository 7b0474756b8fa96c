from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "api.desk"
    label = "desk"
