"""The taps that the battery runs over. A tap enters it by one description, in the module with its vendor's name."""

from importlib import import_module

import pytest

from tests.contract.contract import Contract
from tests.meltano import ROOT


def _contract(tap: str) -> Contract:
    module = import_module(f"tests.contract.{tap.removeprefix('tap-')}")
    return next(value for value in vars(module).values() if isinstance(value, Contract))


TAPS = [_contract(path.name) for path in sorted(ROOT.glob("tap-*"))]

each_tap = pytest.mark.parametrize("tap", [pytest.param(tap, id=tap.name) for tap in TAPS])
