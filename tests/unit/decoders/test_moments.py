"""Dates and times of every precision mode are what the database showed, or are refused by name."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.decoders import moments
from bridge.errors import DecodeError
from bridge.row import FOREVER, SINCE_EVER
from tests.unit.decoders.building import read

DEBEZIUM, CONNECT = "io.debezium.time.", "org.apache.kafka.connect.data."
LOCAL = datetime(2026, 3, 2, 8, 27, 58, 721607)  # noqa: DTZ001 -- a column without zone
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- same
FIRST, LAST = datetime.min, datetime.max  # noqa: DTZ901 -- same
MICROS = 1_772_440_078_721_607
PARTS = {"year": 2026, "month": 3, "day": 2, "hour": 8, "minute": 27, "second": 58, "nanos": 721_607_000}
PICOSECONDS = {**{name: part for name, part in PARTS.items() if name != "nanos"}, "picoseconds": 721_607_000_000}


INTERVAL = dict.fromkeys(("years", "months", "days", "hours", "minutes", "seconds", "nanos"), 0) | {"precision": 6}
"""As Debezium 3.7.0 writes an interval of PostgreSQL."""
TIMETZ = {"hour": 8, "minute": 27, "second": 58, "nanos": 721_607_000, "offsetSeconds": 7200, "precision": 6}
"""As it writes a `timetz`: with its own offset, where other modes bring it to UTC."""


@pytest.mark.parametrize(
    ("kind", "name", "value", "wanted"),
    [
        ("int32", f"{DEBEZIUM}Date", 20_514, date(2026, 3, 2)),
        ("struct", f"{DEBEZIUM}StructuredDate", PARTS, date(2026, 3, 2)),
        ("struct", f"{DEBEZIUM}StructuredTime", PARTS, time(8, 27, 58, 721_607)),
        ("struct", f"{DEBEZIUM}StructuredTimestamp", {**PARTS, "specialValue": None}, LOCAL),
        ("struct", f"{DEBEZIUM}StructuredTimestamp", PICOSECONDS, LOCAL),
        (
            "struct",
            f"{DEBEZIUM}StructuredZonedTimestamp",
            {**PARTS, "hour": 10, "offsetSeconds": 7200, "zoneId": "X"},
            LOCAL.replace(tzinfo=UTC),
        ),
        ("struct", f"{DEBEZIUM}StructuredZonedTime", TIMETZ, time(6, 27, 58, 721_607, tzinfo=UTC)),
        (
            "struct",
            f"{DEBEZIUM}StructuredZonedTime",
            {**TIMETZ, "hour": 0, "minute": 30, "second": 0, "nanos": 0, "offsetSeconds": 50_400},
            time(10, 30, tzinfo=UTC),
        ),
        # 24:00:00+05:30, for which other modes write 18:30:00Z.
        (
            "struct",
            f"{DEBEZIUM}StructuredZonedTime",
            {**TIMETZ, "hour": 24, "minute": 0, "second": 0, "nanos": 0, "offsetSeconds": 19_800},
            time(18, 30, tzinfo=UTC),
        ),
        (
            "struct",
            f"{DEBEZIUM}StructuredDuration",
            {**INTERVAL, "hours": 1, "minutes": 30},
            timedelta(hours=1, minutes=30),
        ),
        (
            "struct",
            f"{DEBEZIUM}StructuredDuration",
            {**INTERVAL, "hours": -838, "minutes": -59, "seconds": -59, "nanos": -500_000_000},
            -timedelta(hours=838, minutes=59, seconds=59.5),
        ),
        (
            "struct",
            f"{DEBEZIUM}StructuredDuration",
            {**INTERVAL, "days": -1, "seconds": 1},
            timedelta(days=-1, seconds=1),
        ),
        (
            "struct",
            f"{DEBEZIUM}StructuredDuration",
            {**{name: part for name, part in INTERVAL.items() if name != "nanos"}, "picoseconds": -7_000_000},
            timedelta(microseconds=-7),
        ),
        # Newer versions say the precision and the column in the name.
        ("struct", f"{DEBEZIUM}StructuredTimestampPrecision6", PICOSECONDS, LOCAL),
        ("struct", f"{DEBEZIUM}StructuredDateSourceColumn646179", PARTS, date(2026, 3, 2)),
        (
            "struct",
            f"{DEBEZIUM}StructuredZonedTimePrecision6SourceColumn6174",
            TIMETZ,
            time(6, 27, 58, 721_607, tzinfo=UTC),
        ),
        ("int32", f"{CONNECT}Date", -1, date(1969, 12, 31)),
        ("int32", f"{DEBEZIUM}Time", 30_478_721, time(8, 27, 58, 721_000)),
        ("int32", f"{CONNECT}Time", 0, time(0)),
        ("int64", f"{DEBEZIUM}MicroTime", 30_478_721_607, time(8, 27, 58, 721_607)),
        ("int64", f"{DEBEZIUM}NanoTime", 30_478_721_607_000, time(8, 27, 58, 721_607)),
        ("int64", f"{DEBEZIUM}MicroTime", 86_400_000_000, timedelta(days=1)),
        ("int64", f"{DEBEZIUM}MicroTime", -3_020_399_000_000, timedelta(hours=-838, minutes=-59, seconds=-59)),
        ("int64", f"{DEBEZIUM}Timestamp", MICROS // 1000, LOCAL.replace(microsecond=721_000)),
        ("int64", f"{CONNECT}Timestamp", MICROS // 1000, LOCAL.replace(microsecond=721_000)),
        ("int64", f"{DEBEZIUM}MicroTimestamp", MICROS, LOCAL),
        ("int64", f"{DEBEZIUM}NanoTimestamp", MICROS * 1000, LOCAL),
        ("int64", f"{DEBEZIUM}MicroTimestamp", 253_402_300_799_999_999, LAST),
        ("int64", f"{DEBEZIUM}MicroTimestamp", -62_135_596_800_000_000, FIRST),
        ("int64", f"{DEBEZIUM}MicroDuration", 90_000_000_000, timedelta(hours=25)),
        ("string", f"{DEBEZIUM}IsoDate", "2026-03-02Z", date(2026, 3, 2)),
        ("string", f"{DEBEZIUM}IsoTime", "08:27:58.721607Z", time(8, 27, 58, 721_607)),
        ("string", f"{DEBEZIUM}IsoTimestamp", "2026-03-02T08:27:58.721607Z", LOCAL),
        ("string", f"{DEBEZIUM}ZonedTimestamp", "2026-03-02T08:27:58.721607Z", LOCAL.replace(tzinfo=UTC)),
        ("string", f"{DEBEZIUM}ZonedTimestamp", "2026-03-02T08:27:58.721607000Z", LOCAL.replace(tzinfo=UTC)),
        ("string", f"{DEBEZIUM}ZonedTimestamp", "2026-03-02T09:27:58.721607+01:00", LOCAL.replace(tzinfo=UTC)),
        ("string", f"{DEBEZIUM}ZonedTimestamp", "2026-03-02T08:27Z", datetime(2026, 3, 2, 8, 27, tzinfo=UTC)),
        (
            "string",
            f"{DEBEZIUM}ZonedTimestamp",
            "2026-03-02T08:27:58.7Z",
            datetime(2026, 3, 2, 8, 27, 58, 700_000, UTC),
        ),
        ("string", f"{DEBEZIUM}ZonedTime", "08:51:02.746572Z", time(8, 51, 2, 746_572, UTC)),
        ("string", f"{DEBEZIUM}Interval", "P1Y2M3DT4H5M6.78S", "P1Y2M3DT4H5M6.78S"),
        ("int32", f"{DEBEZIUM}Year", 2155, 2155),
    ],
)
def test_each_type_of_each_precision_mode(kind: str, name: str, value: object, wanted: Any) -> None:
    found = read(value, kind, name)

    assert found == wanted
    assert type(found) is type(wanted)
    assert getattr(found, "tzinfo", None) == getattr(wanted, "tzinfo", None)


@given(st.datetimes())
def test_microseconds_since_1970_show_the_local_time_of_the_column(moment: datetime) -> None:
    micros = (moment - EPOCH) // timedelta(microseconds=1)

    assert read(micros, "int64", f"{DEBEZIUM}MicroTimestamp") == moment
    assert read(micros * 1000, "int64", f"{DEBEZIUM}NanoTimestamp") == moment if abs(micros) < 2**53 else True


@given(st.datetimes(timezones=st.just(UTC)))
def test_zoned_text_is_the_moment_to_the_microsecond(moment: datetime) -> None:
    text = moment.isoformat().replace("+00:00", "Z")
    found = read(text, "string", f"{DEBEZIUM}ZonedTimestamp")

    assert found == moment
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("kind", "name", "value", "wanted"),
    [
        ("int64", "MicroTimestamp", 9_223_372_036_825_200_000, FOREVER),
        ("int64", "MicroTimestamp", -9_223_372_036_832_400_000, SINCE_EVER),
        ("int64", "NanoTimestamp", 2**63 - 1, FOREVER),
        ("int64", "NanoTimestamp", -(2**63), SINCE_EVER),
        ("int64", "Timestamp", 9_223_372_036_825_200, FOREVER),
        ("int32", "Date", 2**31 - 1, FOREVER),
        ("int32", "Date", -(2**31), SINCE_EVER),
        ("string", "ZonedTimestamp", "infinity", FOREVER),
        ("string", "ZonedTimestamp", "-infinity", SINCE_EVER),
        ("string", "IsoTimestamp", "+294247-01-10T04:00:25.2Z", FOREVER),
        ("string", "IsoDate", "+5881580-07-11Z", FOREVER),
        ("struct", "StructuredDate", {"specialValue": "POSITIVE_INFINITY"}, FOREVER),
        ("struct", "StructuredDate", {"specialValue": "NEGATIVE_INFINITY"}, SINCE_EVER),
    ],
)
def test_infinity_is_a_time_before_or_after_all_others(kind: str, name: str, value: Any, wanted: Any) -> None:
    assert read(value, kind, f"{DEBEZIUM}{name}") is wanted


@pytest.mark.parametrize(
    ("kind", "name", "value", "code"),
    [
        ("int64", "MicroTimestamp", 253_402_300_800_000_000, "date_out_of_range"),
        ("int64", "MicroTimestamp", -62_135_596_800_000_001, "date_out_of_range"),
        ("int64", "MicroTimestamp", -210_831_897_600_000_001, "date_out_of_range"),
        ("int64", "MicroTimestamp", 9_223_371_331_199_999_999, "date_out_of_range"),
        ("int32", "Date", 2_932_897, "date_out_of_range"),
        ("int32", "Date", -719_163, "date_out_of_range"),
        ("string", "ZonedTimestamp", "+21016-11-04T06:51:30.123456Z", "date_out_of_range"),
        ("string", "ZonedTimestamp", "-4713-12-31T23:59:59.999999Z", "date_out_of_range"),
        ("string", "IsoDate", "0000-00-00", "zero_date"),
        ("string", "ZonedTimestamp", "2026-03-02T08:27:58", "schema_conflict"),
        ("string", "ZonedTimestamp", "2026-02-30T08:27:58Z", "schema_conflict"),
        ("string", "ZonedTimestamp", "0000-00-00 00:00:00", "zero_date"),
        ("string", "ZonedTimestamp", "yesterday", "schema_conflict"),
        ("string", "ZonedTimestamp", "", "schema_conflict"),
        ("string", "ZonedTimestamp", 5, "schema_conflict"),
        ("string", "ZonedTime", "25:00:00Z", "schema_conflict"),
        ("int64", "MicroTimestamp", "2026-03-02", "schema_conflict"),
        ("int64", "MicroTimestamp", True, "schema_conflict"),
        ("int64", "MicroDuration", 2**63 - 1, None),
        ("struct", "StructuredDate", {"year": 1}, "schema_conflict"),
        ("struct", "StructuredDate", "2026-03-02", "schema_conflict"),
        ("struct", "StructuredDate", {"year": 2026, "month": 3, "day": 2, "specialValue": "X"}, "schema_conflict"),
        ("struct", "StructuredDate", {"year": 0, "month": 0, "day": 0}, "zero_date"),
        ("struct", "StructuredDate", {"year": -43, "month": 3, "day": 15}, "date_out_of_range"),
        ("struct", "StructuredDate", {"year": 294276, "month": 12, "day": 31}, "date_out_of_range"),
        ("struct", "StructuredDate", {"year": 2026, "month": 2, "day": 30}, "schema_conflict"),
        ("struct", "StructuredDate", {"year": 2026, "month": 2**63, "day": 1}, "schema_conflict"),
        ("struct", "StructuredTimestamp", {**PARTS, "day": -(2**31) - 1}, "schema_conflict"),
        ("struct", "StructuredZonedTime", {**TIMETZ, "offsetSeconds": 2**62}, "schema_conflict"),
        ("struct", "StructuredTimestamp", {**PARTS, "hour": 24}, "schema_conflict"),
        ("struct", "StructuredZonedTime", {**TIMETZ, "offsetSeconds": None}, "schema_conflict"),
        ("struct", "StructuredZonedTime", {**TIMETZ, "hour": 25}, "schema_conflict"),
        (
            "struct",
            "StructuredZonedTime",
            {**TIMETZ, "hour": 24, "minute": 0, "second": 0, "nanos": 0, "offsetSeconds": 0},
            "schema_conflict",
        ),
        ("struct", "StructuredDuration", {**INTERVAL, "years": 1}, "calendar_duration"),
        ("struct", "StructuredDuration", {**INTERVAL, "months": -2}, "calendar_duration"),
        ("struct", "StructuredDuration", {**INTERVAL, "days": 2**31 - 1}, "date_out_of_range"),
        ("struct", "StructuredDuration", {"seconds": 1}, "schema_conflict"),
        ("struct", "StructuredDuration", "PT1H", "schema_conflict"),
        ("struct", "StructuredZonedTimestamp", PARTS, "schema_conflict"),
        (
            "struct",
            "StructuredZonedTimestamp",
            {**PARTS, "year": 1, "month": 1, "day": 1, "offsetSeconds": 10**5},
            "date_out_of_range",
        ),
        ("struct", "StructuredTime", {"hour": 24, "minute": 0, "second": 0, "nanos": 0}, None),
    ],
)
def test_what_is_no_time_on_a_clock_is_refused_by_name(
    kind: str, name: str, value: object, code: str | None
) -> None:
    if code is None:
        assert isinstance(read(value, kind, f"{DEBEZIUM}{name}"), timedelta)
        return
    with pytest.raises(DecodeError) as error:
        read(value, kind, f"{DEBEZIUM}{name}")
    assert error.value.code == code
    assert error.value.reason.startswith("column x: ")


def test_a_zero_date_that_became_the_epoch_is_the_epoch() -> None:
    assert read(0, "int32", f"{DEBEZIUM}Date") == date(1970, 1, 1)


def test_a_converter_that_writes_dates_as_text_is_read_as_text() -> None:
    assert read("1999-09-09", "string", f"{DEBEZIUM}Date") == "1999-09-09"


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("int64", "NanoTimestamp", 1_772_440_078_721_607_900),
        ("string", "ZonedTimestamp", "2026-03-02T08:27:58.7216079Z"),
        ("struct", "StructuredTimestamp", {**PARTS, "nanos": 721_607_900}),
    ],
)
def test_what_is_finer_than_microseconds_is_cut_as_in_a_datetime2(kind: str, name: str, value: object) -> None:
    found = read(value, kind, f"{DEBEZIUM}{name}").replace(tzinfo=UTC)
    assert found == datetime(2026, 3, 2, 8, 27, 58, 721_607, UTC)


@pytest.mark.parametrize(("nanos", "micros"), [(1_999, 1), (-1_999, -1)])
def test_a_duration_is_cut_towards_zero(nanos: int, micros: int) -> None:
    whole = read({**INTERVAL, "nanos": 0}, "struct", f"{DEBEZIUM}StructuredDuration")
    found = read({**INTERVAL, "nanos": nanos}, "struct", f"{DEBEZIUM}StructuredDuration")
    assert found - whole == timedelta(microseconds=micros)


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2026-03-04 10:30:00+02", 8), ("2026-03-04T10:30:00.5-03", 13), ("2026-03-04 10:30:00+0200", 8)],
)
def test_an_offset_may_be_of_hours_only_as_postgres_writes_it(text: str, hour: int) -> None:
    found = moments.iso(text)
    assert (found.tzinfo, found.hour, found.minute) == (UTC, hour, 30)


def test_a_date_has_no_offset_of_hours_only() -> None:
    with pytest.raises(DecodeError):
        moments.iso("2026-03-04-05")
