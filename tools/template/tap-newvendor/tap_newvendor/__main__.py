"""`python -m tap_newvendor`."""

from tap_newvendor.tap import TapNewVendor

TapNewVendor.cli()
