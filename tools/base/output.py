"""Standard output: messages leave in large pieces and whole, and whatever ends a run is one line."""

from __future__ import annotations

import io
import os
import sys
import traceback
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

import click
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.exceptions import MappingError
from singer_sdk.singerlib import RecordMessage
from typing_extensions import override

from .http import TapError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.singerlib import Message

BUFFER_SIZE = 256 * 1024


class MessageWriter(MsgSpecWriter):
    """Writes messages; records wait for a full buffer, or for the message that says they are out."""

    @override
    def write_message(self, message: Message) -> None:
        text = self.format_message(message)
        if len(text) > BUFFER_SIZE and isinstance(sys.stdout.buffer, io.BufferedWriter):
            _write_whole(text)
        else:
            sys.stdout.buffer.write(text)
        if not isinstance(message, RecordMessage):
            sys.stdout.flush()


def _write_whole(text: bytes | bytearray) -> None:
    """Write through a buffer that holds all of it: of what does not fit its buffer, a signal drops the rest."""
    usual = sys.stdout
    usual.flush()
    sys.stdout = _buffered(usual, len(text))
    sys.stdout.buffer.write(text)
    sys.stdout.flush()
    sys.stdout = usual  # not after an error: what is left of the text is then completed


def _buffered(output: TextIO, size: int) -> TextIO:
    raw = io.FileIO(output.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw, size), encoding="utf-8", write_through=True)


@contextmanager
def in_one_line() -> Iterator[None]:
    """End in one line whatever comes: the last resort around a run.

    Messages of unforeseen errors may hold a row or a secret; their type and place do not.
    """
    if sys.stdout is None:
        message = "There is no standard output to write to."
        raise TapError(message)
    try:
        with _buffered_output():
            yield
    except (click.ClickException, click.exceptions.Exit):
        raise
    except BrokenPipeError:
        message = "The target closed the connection: its own log says why. The next run starts from the last state."
        raise TapError(message) from None
    except MappingError as error:
        message = f"stream_maps: {error}"
        raise TapError(message) from None
    except Exception as error:  # noqa: BLE001
        raise TapError(_described(error)) from None


@contextmanager
def _buffered_output() -> Iterator[None]:
    """Give standard output a buffer of our size, under PYTHONUNBUFFERED too: an interrupted write is completed then."""
    original = sys.stdout
    with suppress(OSError):  # it is no file where the tap runs within another program
        sys.stdout = _buffered(original, BUFFER_SIZE)
    try:
        yield
        sys.stdout.flush()
    except BaseException:
        _discard_unwritable_output()
        raise
    finally:
        sys.stdout = original


def _discard_unwritable_output() -> None:
    """Drop what standard output does not take: Python would fail on it once more at its exit, with another status."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _described(error: Exception) -> str:
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for frame in frames:
        if frame.f_globals.get("__name__") == "singer_sdk.mapper" and isinstance(frame.f_locals.get("expr"), str):
            return f"stream_maps: the expression {frame.f_locals['expr']} fails ({type(error).__name__})."
    if isinstance(error, RecursionError):
        return "A value is nested too deeply to be read; nothing else is wrong. Deselect its field, or report it."
    if isinstance(error, OSError) and error.strerror:
        return f"The output could not be written: {error.strerror}."
    place = f"{frames[-1].f_globals.get('__name__')}, line {frames[-1].f_lineno}"
    return f"{type(error).__name__} in {place}: this is a defect of the tap. Please report this line."
