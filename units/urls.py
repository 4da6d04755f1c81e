from django.urls import path

from units.views import desk, organisation

app_name = "units"

urlpatterns = [
    path("enheter/", organisation.unit_list, name="list"),
    path("enheter/min/", organisation.my_unit, name="mine"),
    path("utkast/", desk.draft, name="draft"),
    path("utkast/slang/", desk.draft_drop, name="draft_drop"),
]
