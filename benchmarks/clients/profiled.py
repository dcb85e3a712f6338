"""A tap under the profiler, each of its threads apart.

    python profiled.py PROFILES tap-agentconnect --config config.json …

It writes a file a thread, `PROFILES.0` for the main one and so on. On Python 3.12 and later only the first thread is
profiled: the interpreter has room for one profiler.
"""

from __future__ import annotations

import atexit
import cProfile
import sys
import threading
from contextlib import suppress
from importlib.metadata import entry_points
from itertools import count

prefix, tap = sys.argv[1:3]
sys.argv[:3] = [tap]
numbers = count()
run = threading.Thread.run


def start() -> None:
    """Profile this thread to its end, or to that of the process."""
    profile = cProfile.Profile()
    path = f"{prefix}.{next(numbers)}"
    with suppress(ValueError):
        profile.enable()
        atexit.register(profile.dump_stats, path)


def run_profiled(thread: threading.Thread) -> None:
    """Do what the thread does."""
    start()
    run(thread)


threading.Thread.run = run_profiled  # type: ignore[method-assign, assignment]
(script,) = entry_points(group="console_scripts", name=tap)
main = script.load()
start()
main()
