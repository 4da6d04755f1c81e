"""A board's document as files: laid out part by part, in the memory of one part."""

from collections.abc import Callable, Iterable
from typing import IO

from goals.documents.board import Book, Part, front_of, page_document
from goals.documents.joined import JoinedPdf
from goals.documents.pdf import forget, made_pdf
from goals.documents.word import WordFile


def write_together(
    book: Book,
    parts: Iterable[Part],
    *,
    pdf: IO[bytes],
    word: IO[bytes],
    tell: Callable[[int], None],
) -> None:
    """`tell` is called with how many parts are done. In the active language."""
    joined = JoinedPdf(pdf)
    chapters = [entry.unit for entry in book.entries]
    # The contents take as many pages whatever the numbers in them are; two more chapters than
    # reports: the overview, and who is missing.
    draft = front_of(book, [(chapter, 0) for chapter in [*chapters, book.title, book.title]])
    first_page = JoinedPdf.count(made_pdf(draft)) + 1
    pages: list[tuple[str, int]] = []
    with WordFile(word, draft) as file:
        for done, part in enumerate(parts, 1):
            pages.append((part.chapter, first_page))
            made = made_pdf(page_document(draft, part, first_page))
            first_page += joined.add(made)
            file.add(part.blocks, on_new_page=True)
            forget()
            tell(done)
        front = front_of(book, pages)
        joined.add(made_pdf(front), is_front=True)
        joined.finish()
        file.finish(front, front.blocks)
