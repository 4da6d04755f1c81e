from django.urls import path

from goals.views import carry_over, goal, tree, writing

app_name = "goals"

urlpatterns = [
    path("mal/", tree.tree, name="tree"),
    path("mal/hanger-lost/", tree.loose_ends, name="loose_ends"),
    path("mal/skrivhjalp/", writing.writing_help, name="writing_help"),
    path("mal/<int:pk>/", goal.goal_detail, name="detail"),
    path("mal/<int:pk>/andra/", goal.goal_edit, name="edit"),
    path("mal/<int:pk>/anta/", goal.goal_adopt, name="adopt"),
    path("mal/<int:pk>/ny-version/", goal.goal_change, name="change"),
    path("mal/<int:pk>/slang/", goal.goal_discard, name="discard"),
    path("mal/<int:pk>/versioner/", goal.goal_versions, name="versions"),
    path("enheter/<int:unit_pk>/mal/nytt/", goal.goal_new, name="new"),
    path("enheter/<int:unit_pk>/for-over/", carry_over.carry_over_goals, name="carry_over"),
]
