import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template import engines
from django.utils.translation.template import templatize

LANGUAGE = "sv"
PROJECT = "stockholm_quality"
TRANSLATOR_COMMENTS = ("Translators",)
TEMPLATE_SUFFIXES = {".html", ".txt", ".svg", ".xml"}

# Which arguments hold a message; "c" marks its context.
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}

# What gettext itself writes between a context and its message.
CONTEXT_GLUE = "\x04"

NAMED = re.compile(r"%\((\w+)\)[#0+\- ]*\d*(?:\.\d+)?[a-zA-Z]|(?<!\{)\{(\w+)[^{}]*\}(?!\})")
ANONYMOUS = re.compile(r"%(?:\.\d+)?[sdifr]\b|(?<!\{)\{\}(?!\})")


class StableCatalog(Catalog):
    """A catalogue whose file depends on its messages alone: no dates, no tool versions."""

    def __init__(self) -> None:
        super().__init__(
            locale=LANGUAGE,
            fuzzy=False,
            header_comment="# Kept by manage.py translations; the texts are written by people.",
        )

    # A property in the base class as well, but a read-only one is enough here.
    mime_headers = property(
        lambda self: [
            ("Language", LANGUAGE),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", self.plural_forms),
        ]
    )


# {app: {message: translation}}; a plural message has two translations.
Translations = dict[str, dict[str, str | list[str]]]


@dataclass(frozen=True)
class Source:
    """What one app says, and where its translation lies."""

    app: str
    folder: Path
    python: tuple[Path, ...]
    templates: tuple[Path, ...]

    @property
    def po(self) -> Path:
        return self.folder / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"

    @property
    def mo(self) -> Path:
        return self.po.with_suffix(".mo")


def find_sources() -> list[Source]:
    """Every app of this project, with the files whose texts it owns.

    `templates/<app>/` belongs to the app of that name, every other template to the project.
    """
    base = Path(settings.BASE_DIR)
    folders = {
        config.label: Path(config.path)
        for config in apps.get_app_configs()
        if Path(config.path).parent == base
    }
    roots = [Path(root) for engine in engines.all() for root in engine.dirs]
    owned: dict[str, list[Path]] = {app: [] for app in folders}
    for root in roots:
        for path in _files(root, TEMPLATE_SUFFIXES):
            first = path.relative_to(root).parts[0]
            owned[first if first in folders else PROJECT].append(path)
    for app, folder in folders.items():
        owned[app].extend(_files(folder / "templates", TEMPLATE_SUFFIXES))
    return [
        Source(app, folder, tuple(_python_files(folder)), tuple(sorted(owned[app])))
        for app, folder in sorted(folders.items())
    ]


def extract_messages(source: Source) -> StableCatalog:
    """The messages of an app as its code and templates stand now, none translated."""
    found = StableCatalog()
    for path in source.python:
        _add(found, path.read_bytes())
    for path in source.templates:
        text = path.read_text(encoding="utf-8")
        # In brackets, for Python's tokenizer would stumble over a page's indentation.
        code = f"(\n{templatize(text, origin=str(path))}\n)"
        _add(found, code.encode())
    return found


def merge(found: StableCatalog, old: Catalog) -> StableCatalog:
    """The found messages with the translations that still fit them."""
    merged = StableCatalog()
    for message in sorted(_messages(found)):
        before = old.get(message.id, message.context)
        fits = before is not None and before.pluralizable == message.pluralizable
        merged.add(
            message.id,
            before.string if before and fits else message.string,
            flags=(before.flags & {"fuzzy"}) if before else (),
            auto_comments=message.auto_comments,
            user_comments=before.user_comments if before else (),
            context=message.context,
        )
    return merged


def find_problems(source: Source) -> list[str]:
    """Each thing that keeps an app's catalogue from being complete, in words."""
    old = read_catalogue(source.po)
    found = extract_messages(source)
    merged = merge(found, old)
    problems = [
        f"{source.app}: {problem}: {_in_words(message)}"
        for message in _messages(merged)
        if (problem := find_problem(message))
    ]
    stale = [message for message in _messages(old) if not _knows(found, message)]
    problems += [
        f"{source.app}: stale: {_in_words(message)}" for message in [*stale, *old.obsolete.values()]
    ]
    if len(merged) and _read(source.mo) != as_mo(merged):
        problems.append(f"{source.app}: {source.mo.name} differs from {source.po.name}")
    if len(merged) and not problems and _read(source.po) != as_po(merged):
        problems.append(f"{source.app}: {source.po.name} is not as this command writes it")
    return problems


def find_problem(message: Message) -> str | None:
    """What is wrong with one translation, or None."""
    if not all(_strings(message)):
        return "missing"
    if message.fuzzy:
        return "fuzzy"
    allowed = [placeholders(text) for text in _ids(message)]
    used = [placeholders(text) for text in _strings(message)]
    # "One goal" may leave the number out or say it, whichever the language likes better.
    singular_fits = used[0] in allowed
    plural_fits = all(form == allowed[-1] for form in used[1:])
    return None if singular_fits and plural_fits else "placeholders differ"


def find_contradictions(catalogues: dict[str, Catalog]) -> Iterator[str]:
    """Messages that two apps translate differently; Django would show only one of them."""
    seen: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {}
    for app, catalogue in catalogues.items():
        for message in _messages(catalogue):
            key = (_ids(message)[0], message.context or "")
            first, strings = seen.setdefault(key, (app, _strings(message)))
            if all(strings) and all(_strings(message)) and strings[0] != _strings(message)[0]:
                yield f"{app}: translated differently in {first}: {_in_words(message)}"


def placeholders(text: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The names a text fills in, and its nameless places in order."""
    text = text.replace("%%", "")
    named = frozenset(old or new for old, new in NAMED.findall(text))
    return named, tuple(ANONYMOUS.findall(text))


def check(sources: list[Source]) -> list[str]:
    """Everything that is wrong with the catalogues, a line each."""
    problems = [problem for source in sources for problem in find_problems(source)]
    return problems + list(find_contradictions({s.app: read_catalogue(s.po) for s in sources}))


def find_missing(sources: list[Source]) -> Translations:
    """What a translator has left to do, in the form that `update` takes back."""
    missing: Translations = {}
    for source in sources:
        catalogue = merge(extract_messages(source), read_catalogue(source.po))
        missing[source.app] = {
            name_of(message): ["", ""] if message.pluralizable else ""
            for message in _messages(catalogue)
            if find_problem(message)
        }
    return missing


def update(sources: list[Source], given: Translations) -> list[str]:
    """Write every catalogue anew, with the given translations put in.

    Where one of them does not fit, nothing is written, and what is wrong comes back.
    """
    catalogues = {
        source.app: merge(extract_messages(source), read_catalogue(source.po)) for source in sources
    }
    refused = [f"{app}: no such app" for app in given.keys() - catalogues.keys()]
    for app, catalogue in catalogues.items():
        refused += _fill(app, catalogue, given.get(app, {}))
    if refused:
        return refused
    for source in sources:
        catalogue = catalogues[source.app]
        if len(catalogue) or source.po.exists():
            _write(source.po, as_po(catalogue))
            _write(source.mo, as_mo(catalogue))
    return []


def read_catalogue(path: Path) -> Catalog:
    """The catalogue in a file; an empty one where there is no file."""
    if not path.exists():
        return StableCatalog()
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGE, abort_invalid=True)


def as_po(catalogue: StableCatalog) -> bytes:
    """The text of the catalogue's .po file."""
    buffer = BytesIO()
    write_po(buffer, catalogue, width=100, no_location=True, ignore_obsolete=True)
    return buffer.getvalue()


def as_mo(catalogue: StableCatalog) -> bytes:
    """The compiled catalogue."""
    buffer = BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def name_of(message: Message) -> str:
    """How the JSON of --missing and --fill names a message."""
    singular = _ids(message)[0]
    return f"{message.context}{CONTEXT_GLUE}{singular}" if message.context else singular


class Command(BaseCommand):
    help = (
        "Brings every app's Swedish catalogue up to date with its code and templates. "
        "Translations are kept, stale ones removed, and the result compiled."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--check",
            dest="check_only",
            action="store_true",
            help="change nothing; fail and name what is missing, fuzzy, stale or not compiled",
        )
        what.add_argument(
            "--missing",
            action="store_true",
            help='change nothing; print the untranslated messages as JSON {app: {message: ""}}, '
            'a message in a context as "context\\u0004message", a plural as ["", ""]',
        )
        what.add_argument(
            "--fill",
            metavar="FILE.json",
            type=Path,
            help="take translations from a file in the form that --missing prints",
        )

    def handle(self, *, check_only: bool, missing: bool, fill: Path | None, **options: Any) -> None:
        sources = find_sources()
        if missing:
            self.stdout.write(json.dumps(find_missing(sources), ensure_ascii=False, indent=2))
            return
        problems = check(sources) if check_only else update(sources, _read_fill(fill))
        if problems:
            raise CommandError("\n".join(problems))
        left = sum(len(messages) for messages in find_missing(sources).values())
        self.stdout.write(f"{left} messages to translate." if left else "All is translated.")


def _fill(
    app: str, catalogue: StableCatalog, given: Mapping[str, str | list[str]]
) -> Iterator[str]:
    known = {name_of(message): message for message in _messages(catalogue)}
    for name, value in given.items():
        message = known.get(name)
        if message is None:
            yield f"{app}: no such message: {name}"
            continue
        strings = tuple(value) if isinstance(value, list) else (value,)
        if not any(strings):
            continue
        if len(strings) != len(_ids(message)):
            yield f"{app}: needs {len(_ids(message))} forms: {name}"
            continue
        message.string = strings if message.pluralizable else strings[0]
        message.flags.discard("fuzzy")
        if problem := find_problem(message):
            yield f"{app}: {problem}: {name}"


def _read_fill(path: Path | None) -> Translations:
    if path is None:
        return {}
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{path}: {error}") from error
    if not (isinstance(given, dict) and all(isinstance(texts, dict) for texts in given.values())):
        raise CommandError(f"{path}: expected {{app: {{message: translation}}}}")
    return given


def _add(catalogue: StableCatalog, code: bytes) -> None:
    for _line, message, comments, context in extract(
        "python", BytesIO(code), KEYWORDS, TRANSLATOR_COMMENTS
    ):
        # Babel hands on an empty message too, which is the name of a catalogue's header.
        if message:
            catalogue.add(message, auto_comments=comments, context=context)


def _messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def _knows(catalogue: Catalog, message: Message) -> bool:
    return catalogue.get(message.id, message.context) is not None


def _in_words(message: Message) -> str:
    return name_of(message).replace(CONTEXT_GLUE, " | ")


def _ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def _strings(message: Message) -> tuple[str, ...]:
    texts = message.string if isinstance(message.string, list | tuple) else [message.string]
    return tuple(str(text or "") for text in texts)


def _python_files(folder: Path) -> Iterable[Path]:
    skipped = {"tests", "migrations"}
    for path in _files(folder, {".py"}):
        if not skipped.intersection(path.relative_to(folder).parts):
            yield path


def _files(folder: Path, suffixes: set[str]) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in suffixes)


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _write(path: Path, content: bytes) -> None:
    if _read(path) != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
