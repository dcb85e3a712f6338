"""Whatever values a vendor puts into its rows, each row arrives valid and whole, or one clear line says why not."""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker
from pyrate_limiter import Rate
from sandbox import faults
from sandbox.documents import load
from sandbox.server import Sandbox

from tests.contract.taps import Contract, Json, each_tap

ROUNDS = 10
RESPONSES = 1000
WEIRD: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**70, 1e308, 0.1, "", " ", "null", "n/a", "2022-02-30T00:00:00Z", "0000-00-00",
    "2022-01-25T15:04:05.123456789+05:30", "\ud800", "\x00", "x" * 1_000_000, [], {}, [[]], [None], [{}], {"": None},
    {"a": {"b": [1, {"c": None}]}}, "<script>", "१२३", "-0", "1e5", "Infinity",
)  # fmt: skip
