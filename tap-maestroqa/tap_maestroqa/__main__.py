"""`python -m tap_maestroqa`."""

from tap_maestroqa.tap import TapMaestroQA

TapMaestroQA.cli()
