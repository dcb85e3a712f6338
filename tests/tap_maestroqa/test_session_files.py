"""A window's body, whatever its size."""

from io import BytesIO

from tap_maestroqa.base.json_items import PIECE
from tap_maestroqa.session_files import sessions_in, top_level


class Counted(BytesIO):
    """Counts how often it is read from."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        return super().read(size)


def test_a_long_value_takes_no_longer_than_its_length() -> None:
    """The parser begins a value anew with each part of it, so that there must be few of them."""
    note = "x" * 60_000_000
    body = Counted(f'[{{"_id":"1","coachNotes":"{note}"}}]'.encode())
    assert top_level(body) == []
    assert [session["coachNotes"] == note for session in sessions_in(body)] == [True]
    assert body.reads < 30


def test_many_sessions_take_no_more_memory_than_one() -> None:
    rows = b",".join(b'{"_id":"%d","coachNotes":"%s"}' % (number, b"x" * 1000) for number in range(5000))
    largest = 0

    class Watched(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            nonlocal largest
            part = super().read(size)
            largest = max(largest, len(part))
            return part

    assert len(list(sessions_in(Watched(b"[" + rows + b"]")))) == 5000
    assert largest <= PIECE
