"""Keys of rows that have no id."""

from decimal import Decimal

from tap_execvision.keys import RowKeys

TODAY, LATER = "2026-03-20T10:00:00Z", "2026-03-20T18:00:00Z"


def test_equal_rows_are_numbered() -> None:
    keys = RowKeys()
    first, second, third = (keys.key({"callId": "1"}, TODAY) for _ in range(3))
    assert (second, third) == (f"{first}-2", f"{first}-3")
    assert keys.key({"callId": "2"}, TODAY).partition("-")[0] != first


def test_one_row_has_one_key_however_it_is_written() -> None:
    rows = [
        {"sharedAt": "2026-03-20T10:00:00Z", "recipientEmails": ["a@x.example", "b@x.example"], "seconds": 10},
        {"sharedAt": "2026-03-20T06:00:00-04:00", "recipientEmails": ["b@x.example", "a@x.example"], "seconds": 10},
        {
            "seconds": Decimal("10.0"),
            "sharedAt": "2026-03-20T10:00:00.000Z",
            "recipientEmails": ["a@x.example", "b@x.example"],
        },
    ]
    assert len({RowKeys().key(row, TODAY) for row in rows}) == 1


def test_the_earliest_day_is_forgotten_first_whenever_it_came() -> None:
    keys = RowKeys(max_rows=20)
    key = keys.key({"callId": "1"}, TODAY)
    for day in range(1, 19):
        for number in range(3):
            assert "-" not in keys.key({"callId": f"{day}.{number}"}, f"2026-02-{day:02}")
    assert keys.key({"callId": "1"}, LATER) == f"{key}-2"


def test_equal_rows_of_a_day_that_is_long_past_stay_two() -> None:
    keys = RowKeys(max_rows=20)
    for number in range(40):
        keys.key({"callId": str(number)}, f"2026-03-{1 + number % 20:02}")
    first = keys.key({"callId": "old"}, "2020-01-01")
    assert keys.key({"callId": "old"}, "2020-01-01") == f"{first}-2"


def test_equal_rows_that_come_far_apart_stay_two() -> None:
    keys = RowKeys()
    first = keys.key({"callId": "1"}, "2026-01-01")
    for day in range(1, 29):
        keys.key({"callId": "2"}, f"2026-02-{day:02}")
    assert keys.key({"callId": "1"}, "2026-01-01") == f"{first}-2"
