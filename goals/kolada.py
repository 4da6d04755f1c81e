"""Kolada, RKA's open database of key figures: asking it, and judging what it answers.

Whatever is used from it names its source: Kolada. Only yearly values are asked for, and a value
that Kolada lacks is None.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec
from django.utils.translation import gettext as _

GENDERS = frozenset({"T", "K", "M"})
YEARS_IN_A_CALL = 25  # Kolada's own limit
ROWS_IN_A_PAGE = 5000  # Kolada's own limit
MOST_PAGES = 20
LARGEST_ANSWER = 5_000_000  # bytes
FIRST_YEAR, LAST_YEAR = 1970, 2200
DECIMALS = Decimal("0.0001")  # as they are stored
MOST_DIGITS = 14  # before the decimal point, as they are stored

# By year and gender.
Values = dict[tuple[int, str], Decimal | None]


class KoladaError(Exception):
    """No answer that can be relied on; the text says why and what to do, in the user's language."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for Kolada, in seconds."""

    connect: float = 5
    read: float = 20
    in_all: float = 600
    tries: int = 3
    longest_wait: float = 30


FOR_A_COMMAND = Patience()
# Somebody looks at the page, and the web server ends a request that lasts half a minute.
FOR_A_PAGE = Patience(connect=3, read=8, in_all=15, tries=2, longest_wait=2)


class _Kpi(msgspec.Struct):
    id: str
    title: str


class _Value(msgspec.Struct):
    gender: str
    value: Decimal | None
    isdeleted: bool | None = False


class _Row(msgspec.Struct):
    kpi: str
    municipality: str
    period: int
    values: list[_Value]


class _Kpis(msgspec.Struct):
    values: list[_Kpi]


class _Page(msgspec.Struct):
    count: int
    values: list[_Row]
    next_url: str | None = None


def _wrong(reason: str) -> KoladaError:
    advice = _("Try again tomorrow. If it stays so, ask RKA, who run Kolada.")
    return KoladaError(f"{reason} {advice}")


Form = TypeVar("Form", _Kpis, _Page)


class Kolada:
    """One visit to Kolada; used in a `with`. Every method raises KoladaError."""

    def __init__(self, url: str, patience: Patience = FOR_A_COMMAND) -> None:
        try:
            self._base = httpx.URL(url.rstrip("/") + "/")
        except httpx.InvalidURL:
            self._base = httpx.URL()  # which cannot be reached, and every method says so
        self._patience = patience
        self._ends_at = time.monotonic() + patience.in_all
        self._client = httpx.Client(
            follow_redirects=False,
            headers={"Accept": "application/json", "User-Agent": "stockholm-quality"},
        )

    def __enter__(self) -> Self:
        self._client.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.close()

    def title_of(self, kpi: str) -> str:
        """What the key figure is called there now."""
        answer = _read(self._get(self._base.join(f"kpi/{quote(kpi, safe='')}")), _Kpis)
        titles = [found.title.strip() for found in answer.values if found.id == kpi]
        if not answer.values:
            raise KoladaError(
                _("Kolada has no such key figure any more. Choose another one in its place.")
            )
        if len(titles) != 1 or len(answer.values) != 1:
            raise _wrong(_("Kolada described another key figure than the one asked for."))
        return titles[0]

    def values_of(self, kpi: str, municipality: str, years: range) -> Values:
        """All of the municipality's values for the years: whole, or KoladaError."""
        found: Values = {}
        for first in range(0, len(years), YEARS_IN_A_CALL):
            some_years = years[first : first + YEARS_IN_A_CALL]
            for row in self._rows(kpi, municipality, some_years):
                if (row.kpi, row.municipality) != (kpi, municipality):
                    raise _wrong(
                        _("Kolada answered for {kpi} in {municipality} instead.").format(
                            kpi=row.kpi[:20], municipality=row.municipality[:20]
                        )
                    )
                if row.period not in some_years:
                    raise _wrong(
                        _("Kolada answered for a year not asked for: {year}.").format(
                            year=row.period
                        )
                    )
                _take(row, found)
        return found

    def _rows(self, kpi: str, municipality: str, years: range) -> list[_Row]:
        listed = ",".join(str(year) for year in years)
        path = f"data/kpi/{quote(kpi, safe='')}/municipality/{quote(municipality, safe='')}"
        path = f"{path}/year/{listed}"
        url = self._base.join(path).copy_merge_params({"per_page": str(ROWS_IN_A_PAGE)})
        pages: list[_Page] = []
        visited = set()
        while True:
            if len(pages) == MOST_PAGES or url in visited:
                raise _wrong(_("Kolada's answer has no end. Nothing was taken from it."))
            visited.add(url)
            page = _read(self._get(url), _Page)
            pages.append(page)
            if not page.next_url:
                break
            url = self._next(url, page.next_url)
        rows = [row for page in pages for row in page.values]
        # Some answers count their page and some count all pages.
        if any(page.count not in {len(page.values), len(rows)} for page in pages):
            raise _wrong(
                _("Kolada's answer is not whole: it says {count} and holds {rows}.").format(
                    count=pages[0].count, rows=len(rows)
                )
            )
        return rows

    def _next(self, here: httpx.URL, named: str) -> httpx.URL:
        try:
            url = here.join(named)
        except httpx.InvalidURL:
            url = httpx.URL()
        place = (self._base.scheme, self._base.host, self._base.port)
        if (url.scheme, url.host, url.port) != place or url.userinfo:
            raise _wrong(_("Kolada's answer leads on to another server, which is not followed."))
        return url

    # --- One call --------------------------------------------------------------------------------

    def _get(self, url: httpx.URL) -> bytes:
        for tries_left in reversed(range(self._patience.tries)):
            try:
                answer = self._ask(url)
            except httpx.TimeoutException:
                raise KoladaError(
                    _("Kolada did not answer in time. Try again in a while.")
                ) from None
            except (httpx.ConnectError, httpx.ProxyError, httpx.UnsupportedProtocol):
                raise KoladaError(
                    _(
                        "Kolada cannot be reached. Check the network, the proxy and KOLADA_URL, "
                        "and try again."
                    )
                ) from None
            except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL):
                raise KoladaError(
                    _("The connection to Kolada broke in the middle. Try again in a while.")
                ) from None
            if isinstance(answer, bytes):
                return answer
            if not tries_left:
                break
            if answer > min(self._patience.longest_wait, self._time_left()):
                raise KoladaError(
                    _("Kolada asks to be left alone for {seconds} seconds. Try after that.").format(
                        seconds=round(answer)
                    )
                )
            time.sleep(answer)
        raise KoladaError(_("Kolada has too much to do just now. Try again in a while."))

    def _ask(self, url: httpx.URL) -> bytes | float:
        """The answer, or how many seconds to wait before asking again."""
        patience, left = self._patience, self._time_left()
        timeout = httpx.Timeout(min(patience.read, left), connect=min(patience.connect, left))
        with self._client.stream("GET", url, timeout=timeout) as response:
            if response.status_code in {
                HTTPStatus.TOO_MANY_REQUESTS,
                HTTPStatus.SERVICE_UNAVAILABLE,
            }:
                return _wait_of(response)
            if response.status_code == HTTPStatus.NOT_FOUND:
                raise KoladaError(
                    _("Kolada does not know the key figure (404). Check its name and KOLADA_URL.")
                )
            if response.status_code != HTTPStatus.OK:
                raise KoladaError(
                    _("Kolada answered with the error {status}. Try again in a while.").format(
                        status=response.status_code
                    )
                )
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                self._time_left()
                if len(body) > LARGEST_ANSWER:
                    raise _wrong(_("Kolada's answer is too large to be right."))
            return bytes(body)

    def _time_left(self) -> float:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise KoladaError(_("Kolada did not answer in time. Try again in a while."))
        return left


def _wait_of(response: httpx.Response) -> float:
    told = response.headers.get("Retry-After", "1")
    if told.isascii() and told.isdigit():
        return float(told[:9])
    try:
        at = parsedate_to_datetime(told)
    except (ValueError, OverflowError):
        return 1
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _read(body: bytes, form: type[Form]) -> Form:
    try:
        return msgspec.json.decode(body, type=form)
    except msgspec.ValidationError as error:
        raise _wrong(
            _("Kolada's answer has another form than expected: {reason}.").format(reason=error)
        ) from None
    except (msgspec.DecodeError, RecursionError):
        raise KoladaError(
            _("Kolada's answer is broken, perhaps cut off. Try again in a while.")
        ) from None


def _take(row: _Row, found: Values) -> None:
    for value in row.values:
        if value.gender not in GENDERS:
            raise _wrong(
                _("Kolada answered for an unknown gender: {gender}.").format(
                    gender=value.gender[:20]
                )
            )
        if (row.period, value.gender) in found:
            raise _wrong(
                _("Kolada answered twice for {year} and gender {gender}.").format(
                    year=row.period, gender=value.gender
                )
            )
        found[row.period, value.gender] = _number_of(row, value)


def _number_of(row: _Row, value: _Value) -> Decimal | None:
    number = value.value
    if number is None or value.isdeleted:
        return None
    # A number of a million digits is judged by its size before it is rounded.
    if number.is_finite() and number.adjusted() < MOST_DIGITS:
        rounded = number.quantize(DECIMALS, ROUND_HALF_UP)
        if rounded.adjusted() < MOST_DIGITS:
            return rounded
    raise _wrong(_("Kolada's value for {year} is out of range.").format(year=row.period))
