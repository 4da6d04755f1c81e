"""A board's document names nobody whose identity is protected, also when that came later."""

import pytest
from django.urls import reverse

from goals.actions.documents import order_document
from goals.documents.building import build_all
from goals.models import DocumentBuild
from units.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_ready_document_is_no_more_once_a_named_person_is_protected(year, as_persona):
    build = order_document(
        unit=year.units["board"],
        period=year.periods["t1"],
        language="sv",
        by=year.people["controller"],
    )
    build_all()
    file, page = (
        reverse("goals:document_file", args=[build.pk, "docx"]),
        reverse("goals:board_documents", args=[year.units["board"].pk]),
    )
    stranger = as_persona("stranger")
    before = (
        stranger.get(file).status_code,
        build.get_absolute_url() in (stranger.get(page).content.decode()),
    )

    User.objects.filter(pk=year.people["employee"].pk).update(has_protected_identity=True)

    after = (
        stranger.get(file).status_code,
        build.get_absolute_url() in (stranger.get(page).content.decode()),
    )
    assert year.people["employee"].pk in DocumentBuild.objects.get(pk=build.pk).named
    assert (before, after) == ((200, True), (404, False))
