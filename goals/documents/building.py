"""Builds documents beside the web's requests: one thread, one document at a time."""

import logging
from collections.abc import Callable
from tempfile import TemporaryFile
from threading import Lock, Thread
from time import monotonic

from django.db import close_old_connections, connection
from django.utils import translation

from goals.actions.documents import (
    BuildLostError,
    fail_build,
    keep_document,
    take_up_build,
    tell_build_progress,
)
from goals.documents.board import parts_of
from goals.documents.reading import material_of
from goals.documents.together import write_together
from goals.models import DocumentBuild

TOLD_TIMES = 4
SECONDS_OF_SILENCE = 15

logger = logging.getLogger(__name__)
_building = Lock()


def start_building() -> None:
    """See to it that what waits is being built, unless this process is at it already."""
    if _building.acquire(blocking=False):
        Thread(target=_build_in_thread, name="documents", daemon=True).start()


def _build_in_thread() -> None:
    try:
        close_old_connections()
        build_all()
    except Exception:
        logger.exception("Documents are not being built.")
    finally:
        connection.close()
        _building.release()


def build_all() -> None:
    """Build what waits, one after the other, until nothing does."""
    while build := take_up_build():
        try:
            build_document(build)
        except BuildLostError:
            logger.warning("Document build %s was taken up by somebody else.", build.pk)
        except Exception:
            logger.exception("Document build %s failed.", build.pk)
            _fail(build)


def _fail(build: DocumentBuild) -> None:
    try:
        fail_build(build=build)
    except BuildLostError:
        logger.warning("Document build %s was taken up by somebody else.", build.pk)


def build_document(build: DocumentBuild) -> None:
    """`build` is one that has been taken up. Raises BuildLostError."""
    with (
        translation.override(build.language),
        TemporaryFile() as pdf,
        TemporaryFile() as word,
    ):
        material = material_of(build)
        parts = parts_of(material.book, material.chapters(), material.names)
        total = len(material.book.entries)
        write_together(material.book, parts, pdf=pdf, word=word, tell=_teller(build, total))
        pdf.seek(0)
        word.seek(0)
        keep_document(build=build, pdf=pdf, docx=word, named=material.names.keys)


def _teller(build: DocumentBuild, total: int) -> Callable[[int], None]:
    """Tells a few times in all, and whenever it has been silent for long."""
    tell_build_progress(build=build, done=0, total=total)
    last_told, last_step = monotonic(), 0

    def tell(parts: int) -> None:
        nonlocal last_told, last_step
        done = min(parts, total)
        step = done * TOLD_TIMES // total if total else 0
        if step > last_step or monotonic() - last_told > SECONDS_OF_SILENCE:
            tell_build_progress(build=build, done=done, total=total)
            last_told, last_step = monotonic(), step

    return tell
