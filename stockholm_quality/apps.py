from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "stockholm_quality"

    def ready(self) -> None:
        # Imported for their registration, which needs every app to be loaded.
        from stockholm_quality import checks, deploy_checks  # noqa: F401
