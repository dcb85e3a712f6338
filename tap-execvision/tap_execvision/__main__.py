"""`python -m tap_execvision`."""

from tap_execvision.tap import TapExecVision

TapExecVision.cli()
