from django.urls import path

from goals.views import analysis, methods, carry_over, goal, plan_year, report, report_way, reporting, tree, writing

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
    path("planering/", plan_year.plan_years, name="plan_years"),
    path("planering/nytt/", plan_year.plan_year_new, name="plan_year_new"),
    path("planering/<int:pk>/", plan_year.plan_year, name="plan_year"),
    path("planering/<int:pk>/andra/", plan_year.plan_year_edit, name="plan_year_edit"),
    path("planering/<int:pk>/stang/", plan_year.plan_year_close, name="plan_year_close"),
    path("planering/<int:pk>/perioder/ny/", plan_year.period_new, name="period_new"),
    path("perioder/<int:pk>/andra/", plan_year.period_edit, name="period_edit"),
    path("perioder/<int:pk>/stang/", plan_year.period_close, name="period_close"),
    path("stangningar/<int:pk>/hav/", plan_year.closure_lift, name="closure_lift"),
    path("perioder/<int:pk>/lage/", reporting.board, name="reporting"),
    path("perioder/<int:pk>/paminn/", reporting.remind, name="remind"),
    path("enheter/<int:unit_pk>/uppfoljning/<int:period_pk>/", report.report, name="report"),
    path("rapporter/<int:pk>/", report_way.report_read, name="report_read"),
    path("rapporter/<int:pk>/lamna-in/", report_way.report_submit, name="report_submit"),
    path("rapporter/<int:pk>/granska/", report_way.report_review, name="report_review"),
    path("rapporter/<int:pk>/ratta/", report_way.report_correct, name="report_correct"),
    path("rapporter/<int:pk>/analys/<int:goal_pk>/", analysis.analysis, name="analysis"),
    path("rapporter/<int:pk>/atgard/<int:goal_pk>/", analysis.measure_new, name="measure_new"),
    path(
        "rapporter/<int:pk>/atgarder/<int:activity_pk>/ta-bort/",
        analysis.measure_drop,
        name="measure_drop",
    ),
    path("rapporter/<int:pk>/behov/", analysis.need_new, name="need_new"),
    path(
        "rapporter/<int:pk>/behov/<int:need_pk>/ta-bort/", analysis.need_drop, name="need_drop"
    ),
    path("enheter/<int:unit_pk>/behov/", methods.needs, name="needs"),
    path("enheter/<int:unit_pk>/analysmetoder/", methods.methods, name="methods"),
    path("enheter/<int:unit_pk>/analysmetoder/ny/", methods.method_new, name="method_new"),
    path("analysmetoder/<int:pk>/", methods.method_edit, name="method_edit"),
]
