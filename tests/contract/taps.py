"""The taps that the battery runs over. A tap enters it by one description."""

import pytest

from tests.contract.agentconnect import AGENTCONNECT
from tests.contract.caranalytics import CARANALYTICS
from tests.contract.execvision import EXECVISION
from tests.contract.maestroqa import MAESTROQA

TAPS = (MAESTROQA, EXECVISION, CARANALYTICS, AGENTCONNECT)

each_tap = pytest.mark.parametrize("tap", [pytest.param(tap, id=tap.name) for tap in TAPS])
