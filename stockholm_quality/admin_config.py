from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    default_site = "stockholm_quality.admin_site.PortalAdminSite"
