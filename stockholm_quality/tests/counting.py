"""How many statements something asks the database, as the tests of queries count them."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

SAYS_WHO_ACTS = "set_config('portal."


class Asked(CaptureQueriesContext):
    """Every statement but those that say who acts and for what (`units.wall`), which touch no
    table: one as a request starts, within a test's own transaction also its counterpart at the end
    and the savepoint around the two, and two around what is done for a purpose."""

    def __init__(self) -> None:
        super().__init__(connection)

    @property
    def captured_queries(self) -> list[dict[str, str]]:
        queries = super().captured_queries
        says = [SAYS_WHO_ACTS in query["sql"] for query in queries]
        before, after = [*says, False][1:], [False, *says][: len(says)]
        return [
            query
            for query, is_saying, comes_before, comes_after in zip(
                queries, says, before, after, strict=True
            )
            if not is_saying
            and not (comes_before and "SAVEPOINT " in query["sql"])
            and not (comes_after and "RELEASE SAVEPOINT " in query["sql"])
        ]


@contextmanager
def _asking(most: int, *, exactly: bool) -> Iterator[Asked]:
    with Asked() as asked:
        yield asked
    asked_now = len(asked)
    if asked_now > most or (exactly and asked_now != most):
        statements = "\n".join(query["sql"] for query in asked)
        pytest.fail(f"{asked_now} statements instead of {most}:\n{statements}")


@pytest.fixture
def django_assert_num_queries() -> object:
    return partial(_asking, exactly=True)


@pytest.fixture
def django_assert_max_num_queries() -> object:
    return partial(_asking, exactly=False)
