from django.urls import path

from dialogues.views import criteria, expectation, unit

app_name = "dialogues"

urlpatterns = [
    path("enheter/<int:pk>/", unit.unit_detail, name="unit"),
    path("enheter/<int:pk>/medarbetare/", unit.unit_people, name="people"),
    path("mal/<int:goal_pk>/forvantningar/ny/", expectation.expectation_give, name="give"),
    path("forvantningar/<int:pk>/", expectation.expectation_detail, name="expectation"),
    path("forvantningar/<int:pk>/andra/", expectation.expectation_edit, name="expectation_edit"),
    path(
        "forvantningar/<int:pk>/aterkalla/",
        expectation.expectation_withdraw,
        name="expectation_withdraw",
    ),
    path("forvantningar/<int:pk>/kanner-till/", expectation.acknowledge, name="acknowledge"),
    path("lonekriterier/", criteria.criteria, name="criteria"),
    path("lonekriterier/<int:pk>/", criteria.criteria_set, name="criteria_set"),
    path("lonekriterier/<int:pk>/kanner-till/", criteria.criteria_know, name="criteria_know"),
]
