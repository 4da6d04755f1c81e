"""The conventions of this code base, each with a small bad example that it must catch."""

import ast
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

BASE = Path(settings.BASE_DIR)
TEXT_SUFFIXES = {".css", ".html", ".ini", ".js", ".md", ".py", ".sh", ".svg", ".toml", ".txt"}
# Folders with a leading dot hold tools and data, except the one with the gate.
HIDDEN_BUT_OURS = {".ci"}
FOREIGN_FOLDERS = {"node_modules", "venv", "__pycache__"}
LONGEST_MODULE = 600
# Django asks for these by name.
FOUND_BY_NAME = {
    "400.html",
    "403.html",
    "403_csrf.html",
    "404.html",
    "500.html",
    "registration/login.html",
}


@dataclass(frozen=True)
class File:
    """A file of the project, or one made up for a test."""

    path: str  # relative to the project's folder, with forward slashes
    text: str

    @property
    def is_template(self) -> bool:
        return "templates/" in self.path and self.path.endswith((".html", ".txt", ".svg"))

    @property
    def is_test(self) -> bool:
        return "/tests/" in self.path or self.path.endswith("conftest.py")


def _project_files() -> Iterator[File]:
    for folder, inner, names in os.walk(BASE):
        inner[:] = sorted(
            name
            for name in inner
            if name not in FOREIGN_FOLDERS and (not name.startswith(".") or name in HIDDEN_BUT_OURS)
        )
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix in TEXT_SUFFIXES or path.parent.name in HIDDEN_BUT_OURS:
                yield File(path.relative_to(BASE).as_posix(), path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def project():
    return list(_project_files())


# --- Python ------------------------------------------------------------------------------------

FORBIDDEN_NAMES = {
    "mark_safe": "escape with format_html",
    "csrf_exempt": "every form carries its token",
    "RawSQL": "use expressions",
    "login_required": "sign-in is required everywhere already",
}
FORBIDDEN_METHODS = {"raw": "use the ORM", "extra": "use expressions"}
GETTEXT = re.compile(r"_|n?p?gettext(_lazy)?")


def _called(node: ast.AST) -> str:
    """The bare name of what a call calls, or nothing."""
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def unsafe_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        name = ""
        if isinstance(node, ast.Name):
            name = node.id
        elif isinstance(node, ast.Attribute):
            name = node.attr
        elif isinstance(node, ast.alias):
            name = node.name
        elif isinstance(node, ast.Call) and _called(node) == "SafeString":
            # As the type of what a component gives back it is fine.
            yield f"line {node.lineno}: SafeString(): escape with format_html"
        if name in FORBIDDEN_NAMES:
            yield f"line {getattr(node, 'lineno', 0)}: {name}: {FORBIDDEN_NAMES[name]}"


def unsafe_queries(tree: ast.AST) -> Iterator[str]:
    """Handwritten SQL, and lookups that whoever sends the request could name."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in FORBIDDEN_METHODS:
            yield f"line {node.lineno}: .{node.func.attr}(): {FORBIDDEN_METHODS[node.func.attr]}"
        for keyword in node.keywords:
            spread = "" if keyword.arg else ast.unparse(keyword.value)
            if re.search(r"\brequest\b|\.(GET|POST)\b", spread):
                yield f"line {node.lineno}: **{spread}: name the lookups"


def built_html(tree: ast.AST) -> Iterator[str]:
    """format_html escapes its arguments, not what was put into the text before."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) == "format_html" and node.args:
            text = node.args[0]
            if isinstance(text, ast.JoinedStr | ast.BinOp | ast.Call):
                yield f"line {node.lineno}: format_html: pass values as arguments"


def hidden_messages(tree: ast.AST) -> Iterator[str]:
    """The extractor of messages does not look inside f-strings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            for inner in ast.walk(node):
                if GETTEXT.fullmatch(_called(inner)):
                    yield f"line {node.lineno}: message inside an f-string"


def prints(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
            yield f"line {node.lineno}: print: log it, or show it to somebody"


def unswedish_orders(tree: ast.AST) -> Iterator[str]:
    """The database's own order of letters depends on how it was set up."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in {"order_by", "earliest", "latest"}:
            for argument in node.args:
                field = str(argument.value) if isinstance(argument, ast.Constant) else ""
                if re.search(r"(^|[-_])(name|title)$", field):
                    yield f"line {argument.lineno}: {field}: sort by swedish_order()"


def one_way_migrations(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or _called(node) not in {"RunPython", "RunSQL"}:
            continue
        named = {keyword.arg for keyword in node.keywords}
        if len(node.args) < 2 and not named & {"reverse_code", "reverse_sql"}:
            yield f"line {node.lineno}: {_called(node)} without a way back"


def python_rule(
    rule: Callable[[ast.AST], Iterator[str]], applies: Callable[[File], bool] = lambda file: True
) -> Callable[[File], list[str]]:
    def check(file: File) -> list[str]:
        if not file.path.endswith(".py") or not applies(file):
            return []
        return list(rule(ast.parse(file.text)))

    return check


# --- Templates ---------------------------------------------------------------------------------

WORD = re.compile(r"[^\W\d_]{2}")
SPOKEN_ATTRIBUTES = {"alt", "aria-description", "aria-label", "placeholder", "title"}
PRODUCT_NAME = "Tydliga mål"
BILINGUAL_PAGES = {
    # Shown when something broke, translation perhaps included: it says all in both languages.
    "templates/500.html",
    # For those who build pages; its texts are examples.
    "templates/components/gallery.html",
}
TRANSLATED_BLOCK = re.compile(
    r"{%\s*blocktrans(?:late)?\b.*?{%\s*endblocktrans(?:late)?\s*%}", re.DOTALL
)
# A block of this kind hands a code to the page around it, for nobody to read.
CODE_BLOCK = re.compile(
    r"{%\s*block (?:\w+_(?:key|class|id)|coltype|bodyclass)\s*%}.*?{%\s*endblock\b.*?%}"
)
TEMPLATE_COMMENT = re.compile(r"{#.*?#}|{%\s*comment\b.*?{%\s*endcomment\s*%}", re.DOTALL)


class _Markup(HTMLParser):
    """Collects what a page carries inside itself: code, style, and texts that stay in English."""

    def __init__(self, template: str) -> None:
        super().__init__()
        self.code: list[str] = []
        self.texts: list[str] = []
        text = TEMPLATE_COMMENT.sub(_blank, template)
        text = CODE_BLOCK.sub("", TRANSLATED_BLOCK.sub(_blank, text)).replace(PRODUCT_NAME, "")
        self.feed(re.sub(r"{{.*?}}", "0", re.sub(r"{%.*?%}", " ", text)))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if tag == "style" or (tag == "script" and "src" not in names):
            self._note(self.code, f"inline <{tag}>")
        for name, value in attrs:
            if name == "style" or re.match(r"on[a-z]+$|hx-on\b", name):
                self._note(self.code, f"inline {name}=")
            if (value or "").strip().lower().startswith(("javascript:", "js:")):
                self._note(self.code, f"code in {name}=")
            if name in SPOKEN_ATTRIBUTES and WORD.search(value or ""):
                self._note(self.texts, f'{name}="{value}" is not marked for translation')

    def handle_data(self, data: str) -> None:
        if WORD.search(data):
            self._note(self.texts, f"not marked for translation: {' '.join(data.split())}")

    def _note(self, where: list[str], what: str) -> None:
        where.append(f"line {self.getpos()[0]}: {what}")


def inline_code(file: File) -> list[str]:
    return _Markup(file.text).code if file.is_template else []


def untranslated_texts(file: File) -> list[str]:
    if not file.path.endswith(".html") or not file.is_template or file.path in BILINGUAL_PAGES:
        return []
    return _Markup(file.text).texts


def unescaped_output(file: File) -> list[str]:
    if not file.is_template:
        return []
    text = TEMPLATE_COMMENT.sub(_blank, file.text)
    return _lines_with(r"\|\s*safe(seq)?\b|{%\s*autoescape\s+off", text)


def late_extends(file: File) -> list[str]:
    if not file.is_template:
        return []
    position = file.text.find("{% extends")
    if position > 0 and TEMPLATE_COMMENT.sub("", file.text[:position]).strip():
        return ["{% extends %} is not first"]
    return []


def nameless_endblocks(file: File) -> list[str]:
    """A block that ends on a later line than it begins says which one it was."""
    if not file.is_template:
        return []
    return _lines_with(r"^(?!.*{%\s*block\b).*{%\s*endblock\s*%}", file.text)


def _blank(match: re.Match[str]) -> str:
    return "\n" * match.group().count("\n")


def unused_templates(files: list[File]) -> list[str]:
    """Templates that no code and no other template names."""
    users = [file for file in files if not file.is_test]
    unused = []
    for file in files:
        if not file.is_template:
            continue
        name = file.path.partition("templates/")[2]
        quoted = re.compile(rf"""["']{re.escape(name)}["']""")
        named = any(quoted.search(user.text) for user in users if user is not file)
        if not (named or name in FOUND_BY_NAME or _replaces_a_librarys(name)):
            unused.append(file.path)
    return unused


def _replaces_a_librarys(name: str) -> bool:
    folders = [Path(config.path) for config in apps.get_app_configs()]
    return any(
        (folder / "templates" / name).exists() for folder in folders if folder.parent != BASE
    )


# --- Every text --------------------------------------------------------------------------------


def foreign_hosts(file: File) -> list[str]:
    """The content security policy loads nothing from elsewhere; neither do we link there."""
    if not (file.is_template or file.path.startswith("static/")):
        return []
    return _lines_with(
        r"https?://(?!www\.w3\.org/)|\b(?:src|href|action)\s*=\s*[\"']//|url\([\"']?//", file.text
    )


def long_modules(file: File) -> list[str]:
    if not file.path.endswith(".py") or "/migrations/" in file.path:
        return []
    length = file.text.count("\n")
    return [f"{length} lines, look for the seam"] if length > LONGEST_MODULE else []


def notes_to_self(file: File) -> list[str]:
    return _lines_with(r"\bTO[D]O\b|\bFIX[M]E\b|\bXX[X]\b", file.text)


def workplaces(file: File) -> list[str]:
    """Somebody's folders, package sources and errands, which mean nothing to the next reader."""
    return _lines_with(
        r"(?<![\w.>}/-])/(?:home|Users|work|root)/\w"
        r"|--(?:extra-)?inde[x]-url|--find-link[s]|--trusted-hos[t]"
        r"|(?i:\bissu[e] #?\d)",
        file.text,
    )


def _lines_with(pattern: str, text: str) -> list[str]:
    found = re.compile(pattern)
    return [
        f"line {number}: {line.strip()}"
        for number, line in enumerate(text.splitlines(), start=1)
        if found.search(line)
    ]


# --- The rules, held against a planted example and against the project ----------------------------


def _is_migration(file: File) -> bool:
    return "/migrations/" in file.path


def _is_no_test(file: File) -> bool:
    return not file.is_test


def _is_no_command(file: File) -> bool:
    return "/management/commands/" not in file.path and not file.is_test


PYTHON = "goals/views.py"
PAGE = "templates/goals/goal_list.html"
RULES = {
    "unsafe names": (
        python_rule(unsafe_names),
        [
            File(PYTHON, "from django.utils.safestring import mark_safe\n"),
            File(PYTHON, "html = safestring.mark_safe(text)\n"),
            File(PYTHON, "html = SafeString(text)\n"),
            File(PYTHON, "@csrf_exempt\ndef goal_list(request): ...\n"),
            File(PYTHON, "Goal.objects.annotate(x=RawSQL(text, ()))\n"),
        ],
    ),
    "unsafe queries": (
        python_rule(unsafe_queries),
        [
            File(PYTHON, "Goal.objects.raw(text)\n"),
            File(PYTHON, "Goal.objects.extra(where=[text])\n"),
            File(PYTHON, "Goal.objects.filter(**request.GET.dict())\n"),
            File(PYTHON, "Goal.objects.exclude(**self.request.POST)\n"),
        ],
    ),
    "built HTML": (
        python_rule(built_html),
        [
            File(PYTHON, 'format_html(f"<b>{name}</b>")\n'),
            File(PYTHON, 'format_html("<b>%s</b>" % name)\n'),
            File(PYTHON, 'format_html("<b>{}</b>".format(name))\n'),
        ],
    ),
    "hidden messages": (
        python_rule(hidden_messages),
        [File(PYTHON, "title = f\"{_('Goal')}: {goal}\"\n")],
    ),
    "prints": (python_rule(prints, _is_no_command), [File(PYTHON, "print(goal)\n")]),
    "unswedish orders": (
        python_rule(unswedish_orders, _is_no_test),
        [
            File(PYTHON, 'units.order_by("name", "pk")\n'),
            File(PYTHON, 'units.order_by("pk", "-unit__name")\n'),
            File(PYTHON, 'people.order_by("family_name")\n'),
            File(PYTHON, 'goals.order_by("title")\n'),
        ],
    ),
    "one-way migrations": (
        python_rule(one_way_migrations, _is_migration),
        [File("goals/migrations/0002_fill.py", "operations = [migrations.RunPython(fill)]\n")],
    ),
    "inline code": (
        inline_code,
        [
            File(PAGE, "<script>go()</script>"),
            File(PAGE, "<style>p { color: red }</style>"),
            File(PAGE, '<p class="{{ x }}" style="color: red">'),
            File(PAGE, "<div {% if x %}hidden{% endif %} onclick='go()'>"),
            File(PAGE, '<div hx-on:click="go()">'),
            File(PAGE, '<a href="javascript:go()">'),
        ],
    ),
    "untranslated texts": (
        untranslated_texts,
        [
            File(PAGE, "<p>Goals of the <b>{{ unit }}</b></p>"),
            File(PAGE, '<img alt="A goal">'),
            File(PAGE, "{{ count }} goals"),
        ],
    ),
    "unescaped output": (
        unescaped_output,
        [
            File(PAGE, "{{ goal.title|safe }}"),
            File(PAGE, "{{ titles | safeseq|join:', ' }}"),
            File(PAGE, "{% autoescape off %}{{ goal }}{% endautoescape %}"),
        ],
    ),
    "late extends": (late_extends, [File(PAGE, '{% load ui %}\n{% extends "base.html" %}\n')]),
    "nameless endblocks": (
        nameless_endblocks,
        [File(PAGE, "{% block content %}\n  <p></p>\n{% endblock %}")],
    ),
    "foreign hosts": (
        foreign_hosts,
        [
            File(PAGE, '<img src="https://example.com/a.png">'),
            File(PAGE, '<img src="//example.com/a.png">'),
            File("static/css/base.css", "body { background: url(http://example.com/a.png) }"),
        ],
    ),
    "long modules": (long_modules, [File(PYTHON, "x = 1\n" * (LONGEST_MODULE + 1))]),
    "notes to self": (
        notes_to_self,
        [File(PYTHON, "# TO" + "DO: later\n"), File("static/js/portal.js", "// FIX" + "ME\n")],
    ),
    "workplaces": (
        workplaces,
        [
            File("README.md", "See /ho" + "me/anna/portal.\n"),
            File("README.md", "pip install --inde" + "x-url here\n"),
            File(PYTHON, "# As issu" + "e 12 asks.\n"),
        ],
    ),
}
INNOCENT = [
    File(PYTHON, "def pill(text: str) -> SafeString: ...\n"),
    File(PYTHON, '# mark_safe\nhtml = format_html("<b>{}</b>", name)\nlog(extra={})\n'),
    File(PYTHON, 'Goal.objects.select_for_update().filter(**lookups, title=_("Goal"))\n'),
    File("goals/management/commands/demo.py", 'print("ready")\n'),
    File(
        "goals/migrations/0002_fill.py", "migrations.RunPython(fill, migrations.RunPython.noop)\n"
    ),
    File(
        PAGE,
        '{% extends "base.html" %}\n{# <style> #}\n{% block nav_key %}goals{% endblock nav_key %}\n'
        "{% block content %}\n"
        '{% with once=1 %}<p class="a{% if x %} b{% endif %}">{{ safe }}</p>{% endwith %}\n'
        "<script src=\"{% static 'js/portal.js' %}\" defer></script>\n"
        '<a href="/home/" title="{% translate "Go" %}">{{ goal }}, 3&nbsp;%, Tydliga mål</a>\n'
        "{% blocktranslate %}Unit {{ unit }}{% endblocktranslate %}\n{% endblock content %}\n",
    ),
    File("static/img/a.svg", '<svg xmlns="http://www.w3.org/2000/svg">'),
]


@pytest.mark.parametrize(
    ("rule", "bad"),
    [(rule, bad) for rule, (_, examples) in RULES.items() for bad in examples],
)
def test_a_rule_catches_its_bad_example(rule, bad):
    check, _ = RULES[rule]

    assert check(bad) != []


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_leaves_good_code_alone(rule):
    check, _ = RULES[rule]

    assert [problem for file in INNOCENT for problem in check(file)] == []


@pytest.mark.parametrize("rule", RULES)
def test_the_project_keeps_the_rule(rule, project):
    check, _ = RULES[rule]

    assert [f"{file.path}: {problem}" for file in project for problem in check(file)] == []


def test_the_walk_finds_code_pages_styles_and_the_gate(project):
    paths = {file.path for file in project}

    assert paths >= {"manage.py", "goals/models/goal.py", "templates/base.html", ".ci/run"}


def test_a_template_that_only_itself_and_a_test_name_is_found_unused():
    page = File("templates/goals/lost.html", '{% include "goals/lost.html" %}')
    used = File("templates/goals/_row.html", "")
    files = [
        page,
        used,
        File("goals/tests/test_views.py", 'assertTemplateUsed("goals/lost.html")'),
        File("goals/views.py", 'render(request, "goals/_row.html")'),
        File("templates/404.html", ""),
    ]

    assert unused_templates(files) == ["templates/goals/lost.html"]


def test_every_template_is_used(project):
    assert unused_templates(project) == []


# --- Models ------------------------------------------------------------------------------------


def unpaired_fields(fields: list[models.Field], constraints: list[models.BaseConstraint]):
    """Names of optional `…_at` fields with a `…_by` beside them that no constraint binds."""
    by_name = {field.name: field for field in fields}
    conditions = [str(getattr(constraint, "condition", "")) for constraint in constraints]
    for name, field in by_name.items():
        partner = by_name.get(f"{name.removesuffix('_at')}_by")
        if not name.endswith("_at") or partner is None or not field.null:
            continue
        bound = (f"'{name}_" in text and f"'{partner.name}_" in text for text in conditions)
        if not any(bound):
            yield name


def _own_models():
    names = {config.label for config in apps.get_app_configs() if Path(config.path).parent == BASE}
    return [
        model
        for model in apps.get_models()
        # What pghistory keeps about a model repeats that model's fields without its constraints.
        if model._meta.app_label in names and not hasattr(model, "pgh_tracked_model")
    ]


def test_an_optional_moment_without_a_constraint_is_found():
    at: models.Field[Any, Any] = models.DateTimeField(name="adopted_at", null=True)
    by: models.Field[Any, Any] = models.IntegerField(name="adopted_by", null=True)
    both = models.Q(adopted_at__isnull=True, adopted_by__isnull=True)
    bound = models.CheckConstraint(name="adopted_by_somebody", condition=both)

    assert list(unpaired_fields([at, by], [])) == ["adopted_at"]
    assert list(unpaired_fields([at, by], [bound])) == []


def test_every_optional_moment_is_bound_to_its_person_by_a_constraint():
    unbound = {
        model._meta.label: names
        for model in _own_models()
        if (names := list(unpaired_fields(model._meta.fields, model._meta.constraints)))
    }

    assert unbound == {}
