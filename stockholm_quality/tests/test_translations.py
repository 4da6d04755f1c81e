import gettext

import pytest
from django.core.management import CommandError, call_command

from stockholm_quality.management.commands import translations

CODE = """
from django.utils.translation import gettext, gettext_lazy as _, ngettext, pgettext

TITLE = _("Unit")
MONTH = pgettext("month", "May")


def count(number: int) -> str:
    return ngettext("%(n)s goal", "%(n)s goals", number) % {"n": number}
"""
PAGE = """{% load i18n %}
<h1 title="{% translate "Unit" %}">it's 100%</h1>
    {% blocktranslate trimmed with name=unit.name %}
      Hello
      {{ name }}
    {% endblocktranslate %}
  {{ unit.head|default:_("nobody") }}
"""
SWEDISH: dict[str, str | list[str]] = {
    "Unit": "Enhet",
    "month\u0004May": "maj",
    "%(n)s goal": ["%(n)s mål", "%(n)s mål"],
    "Hello %(name)s": "Hej %(name)s",
    "nobody": "ingen",
}


@pytest.fixture
def source(tmp_path):
    code, page = tmp_path / "views.py", tmp_path / "page.html"
    code.write_text(CODE, encoding="utf-8")
    page.write_text(PAGE, encoding="utf-8")
    return translations.Source("shop", tmp_path, (code,), (page,))


@pytest.fixture
def filled(source):
    assert translations.update([source], {"shop": SWEDISH}) == []
    return source


def test_every_message_of_the_portal_is_translated_and_compiled():
    call_command("translations", "--check")


def test_the_command_fails_on_a_file_that_is_no_list_of_translations(tmp_path):
    path = tmp_path / "sv.json"
    path.write_text("[]", encoding="utf-8")

    with pytest.raises(CommandError, match="expected"):
        call_command("translations", "--fill", str(path))


def test_missing_names_the_messages_of_code_and_pages(source):
    missing = translations.find_missing([source])

    assert missing == {"shop": {name: ["", ""] if name == "%(n)s goal" else "" for name in SWEDISH}}


def test_missing_and_check_change_nothing(source):
    translations.find_missing([source])
    translations.check([source])

    assert not source.po.exists()
    assert not source.mo.exists()


def test_a_filled_catalogue_passes_and_speaks_swedish(filled):
    problems = translations.check([filled])

    assert problems == []
    with filled.mo.open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert compiled.gettext("Unit") == "Enhet"
    assert compiled.pgettext("month", "May") == "maj"
    assert compiled.ngettext("%(n)s goal", "%(n)s goals", 2) == "%(n)s mål"


def test_a_second_run_writes_the_same_bytes(filled):
    before = filled.po.read_bytes(), filled.mo.read_bytes()

    translations.update([filled], {})

    assert (filled.po.read_bytes(), filled.mo.read_bytes()) == before


def _replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('msgstr "Enhet"', 'msgstr ""', "shop: missing: Unit"),
        ('msgid "Unit"', '#, fuzzy\nmsgid "Unit"', "shop: fuzzy: Unit"),
        ('msgid "Unit"', 'msgid "Bygone"\nmsgstr "Förr"\n\nmsgid "Unit"', "shop: stale: Bygone"),
        ('msgid "Unit"', '#~ msgid "Old"\n#~ msgstr "x"\n\nmsgid "Unit"', "shop: stale: Old"),
        ('"maj"', '""', "shop: missing: month | May"),
        ("Hej %(name)s", "Hej %(namn)s", "shop: placeholders differ: Hello %(name)s"),
        ("Hej %(name)s", "Hej", "shop: placeholders differ: Hello %(name)s"),
        ('msgstr[1] "%(n)s mål"', 'msgstr[1] "mål"', "shop: placeholders differ: %(n)s goal"),
        ("Enhet", "Enheten", "shop: django.mo differs from django.po"),
    ],
)
def test_check_names_what_is_wrong_in_a_catalogue(filled, old, new, problem):
    _replace(filled.po, old, new)

    problems = translations.check([filled])

    assert problem in problems


def test_an_update_drops_the_stale_and_keeps_the_translated(filled):
    _replace(filled.po, 'msgid "Unit"', 'msgid "Bygone"\nmsgstr "Förr"\n\nmsgid "Unit"')

    translations.update([filled], {})

    catalogue = translations.read_catalogue(filled.po)
    assert {translations.name_of(message) for message in catalogue if message.id} == set(SWEDISH)
    assert [message.string for message in catalogue if message.id == "Unit"] == ["Enhet"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"shop": {"Nonesuch": "Ingen"}}, "shop: no such message: Nonesuch"),
        ({"elsewhere": {"Unit": "Enhet"}}, "elsewhere: no such app"),
        ({"shop": {"%(n)s goal": "mål"}}, "shop: needs 2 forms: %(n)s goal"),
        ({"shop": {"Hello %(name)s": "Hej"}}, "shop: placeholders differ: Hello %(name)s"),
    ],
)
def test_translations_that_do_not_fit_are_refused_and_nothing_is_written(source, given, problem):
    refused = translations.update([source], given)

    assert refused == [problem]
    assert not source.po.exists()


def test_one_message_may_not_read_differently_in_two_apps(filled):
    other = translations.StableCatalog()
    other.add("Unit", "Avdelning")

    found = list(
        translations.find_contradictions(
            {"shop": translations.read_catalogue(filled.po), "other": other}
        )
    )

    assert found == ["other: translated differently in shop: Unit"]


@pytest.mark.parametrize(
    ("text", "named", "anonymous"),
    [
        ("%(n)s of {total:d} for %s", {"n", "total"}, ("%s",)),
        ("100%% and 50 % of all, {{literal}}", set(), ()),
    ],
)
def test_placeholders_are_told_from_plain_percent_signs_and_braces(text, named, anonymous):
    assert translations.placeholders(text) == (frozenset(named), anonymous)
