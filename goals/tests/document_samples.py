"""Reports as units write them, for tests of documents and for measuring them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from goals.documents.content import HandedIn
from goals.snapshots import (
    ActivitySnapshot,
    AnalysisSnapshot,
    EarlierSnapshot,
    GoalSnapshot,
    IndicatorSnapshot,
    NeedSnapshot,
    ReportSnapshot,
    TargetAboveSnapshot,
    ValueSnapshot,
)

TEXT = (
    "Vi har under året arbetat med språkutvecklande arbetssätt i alla avdelningar. Personalen har "
    "gått igenom stadens handledning och provat högläsning med frågor två gånger i veckan. "
    "Föräldrarna har fått en kort introduktion på de fem vanligaste språken – och vi ser att de "
    "yngsta barnen nu deltar oftare. "
)
PARTS = ("expected_result", "working_method", "resource_use", "follow_up", "development")
MADE_AT = datetime(2027, 1, 20, 10, 0, tzinfo=UTC)


def indicator(number: int = 0, **fields: Any) -> IndicatorSnapshot:
    """The first is by gender, one of its groups not measured; T2 of the year before is missing."""
    values = [ValueSnapshot(gender="T", value=Decimal("78.3") - number, source="Barnhälsan")]
    if number == 0:
        values = [
            ValueSnapshot(
                gender="T",
                value=Decimal("78.3"),
                numerator=Decimal(18),
                denominator=Decimal(23),
                comment=TEXT,
            ),
            ValueSnapshot(gender="K", value=Decimal(80)),
            ValueSnapshot(gender="M", is_not_measured=True),
        ]
    given: dict[str, Any] = {
        "pk": number,
        "title": f"Andel barn med språkplan {number}",
        "unit_of_measure": "%",
        "decimals": 1,
        "lower_is_better": False,
        "baseline": Decimal(41),
        "baseline_year": 2024,
        "annual_target": Decimal(90),
        "above": [TargetAboveSnapshot(unit="Södermalms stadsdelsnämnd", annual_target=Decimal(95))],
        "values": values,
        "earlier": [
            EarlierSnapshot(period="Tertialrapport 1", year=2025, value=Decimal(41)),
            EarlierSnapshot(period="Tertialrapport 2", year=2025, value=None),
            EarlierSnapshot(period="Verksamhetsberättelse", year=2025, value=Decimal(63)),
        ],
        "judgement": "PARTIAL",
        "explanation": "78,3 % ligger inom marginalen till årsmålet 90,0 %.",
    }
    return IndicatorSnapshot(**(given | fields))


def goal(number: int = 1, indicators: int = 2, **fields: Any) -> GoalSnapshot:
    judgement = ["", "PARTIAL", "NOT", "FULL"][number % 4]
    given: dict[str, Any] = {
        "pk": number,
        "number": f"1.{number}",
        "title": "Barnen utvecklar ett rikt språk, oavsett vilket språk de talar hemma",
        "version_number": 2,
        "parts": dict.fromkeys(PARTS, TEXT),
        "serves": [
            ("BOARD", "Förskolan ger alla barn en likvärdig start"),
            ("OPERATIONAL_AREA", "1.1 En bra start för alla barn i hela staden"),
            ("ORIENTATION", "1 En modern storstad med möjligheter"),
        ],
        "judgement": judgement,
        "reason": TEXT * 2,
        "suggestion": "FULL",
        "difference": TEXT if judgement == "PARTIAL" else "",
        "indicators": [indicator(each) for each in range(indicators)],
        "activities": [
            ActivitySnapshot(
                pk=each,
                title="Högläsning med frågor i alla grupper",
                responsible=each + 1,
                starts_on=date(2026, 1, 10),
                due_on=date(2026, 6, 1),
                state="BEGUN",
                text=TEXT[:90],
                is_measure=each == 2,
            )
            for each in range(3)
        ],
        "analysis": AnalysisSnapshot(
            deviation=TEXT,
            pattern=TEXT,
            method="FIVE_WHYS",
            cause=TEXT * 2,
            lesson=TEXT,
            decision=TEXT,
        )
        if judgement in {"PARTIAL", "NOT"}
        else None,
    }
    return GoalSnapshot(**(given | fields))


def snapshot(*, count: int = 4, is_plan: bool = False, **fields: Any) -> ReportSnapshot:
    given: dict[str, Any] = {
        "unit_pk": 1,
        "unit": "Förskolan Ängen",
        "line": ["Avdelningen för förskola", "Södermalms stadsdelsnämnd"],
        "year": 2026,
        "period_code": "VP" if is_plan else "VB",
        "period": "Verksamhetsplan" if is_plan else "Verksamhetsberättelse",
        "kind": "PLAN" if is_plan else "ANNUAL",
        "starts_on": date(2026, 1, 1),
        "ends_on": date(2026, 12, 31),
        "summary": TEXT * 3,
        "goals": [goal(number) for number in range(1, count + 1)],
        "needs": [NeedSnapshot(theme="COMPETENCE", text=TEXT, goal="Ett rikt språk")],
        "version_number": 1,
        "made_at": MADE_AT,
    }
    return ReportSnapshot(**(given | fields))


def as_handed_in(made: ReportSnapshot | None = None) -> HandedIn:
    return HandedIn(snapshot=made or snapshot(), at=MADE_AT)
