"""Messages leave whole, also those that no buffer holds, and also where a signal ends the run amid one."""

import json
import os
import signal
import subprocess
import sys

import pytest

WRITE_UNTIL_STOPPED = """
import signal, sys
from singer_sdk.singerlib import RecordMessage, StateMessage
from tools.base.output import MessageWriter, in_one_line

signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
writer, number = MessageWriter(), 0
with in_one_line():
    while True:
        number += 1
        writer.write_message(RecordMessage("s", {"number": number, "text": "x" * int(sys.argv[1])}))
        writer.write_message(StateMessage({"number": number}))
"""


@pytest.mark.parametrize("size", [1000, 300_000, 3_000_000])
def test_a_signal_cuts_no_message(size: int) -> None:
    command = [sys.executable, "-c", WRITE_UNTIL_STOPPED, str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        # Amid a message of more than the pipe holds, the writer waits.
        begin = os.read(process.stdout.fileno(), 100)
        process.send_signal(signal.SIGTERM)
        text = begin + process.stdout.read()
    assert process.returncode == 128 + signal.SIGTERM
    *lines, rest = text.split(b"\n")
    assert not rest
    number = 0
    for message in map(json.loads, lines):
        number += message["type"] == "RECORD"
        assert (message.get("record") or message["value"])["number"] == number
