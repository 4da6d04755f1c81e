from django.urls import path

from dialogues.views import joint, agreeing, criteria, expectation, unit

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
    path("samtal/<int:pk>/gemensamt/", joint.joint, name="joint"),
    path("samtal/<int:pk>/gemensamt/bredvid/", joint.joint_beside, name="joint_beside"),
    path("samtal/<int:pk>/gemensamt/nytt/", joint.joint_news, name="joint_news"),
    path("samtal/<int:pk>/gemensamt/forvantningar/", agreeing.joint_adopt, name="joint_adopt"),
    path(
        "samtal/<int:pk>/gemensamt/forvantningar/ny/",
        agreeing.joint_expectation_new,
        name="joint_expectation_new",
    ),
    path(
        "samtal/<int:pk>/gemensamt/forvantningar/<int:expectation_pk>/",
        agreeing.joint_expectation,
        name="joint_expectation",
    ),
    path(
        "samtal/<int:pk>/gemensamt/forvantningar/<int:expectation_pk>/aterkalla/",
        agreeing.joint_expectation_withdraw,
        name="joint_expectation_withdraw",
    ),
    path("samtal/<int:pk>/gemensamt/behov/", agreeing.joint_need_new, name="joint_need_new"),
    path("samtal/<int:pk>/gemensamt/behov/<int:need_pk>/", agreeing.joint_need, name="joint_need"),
    path("samtal/<int:pk>/uppfoljning/", agreeing.talk_follow_up, name="talk_follow_up"),
]
