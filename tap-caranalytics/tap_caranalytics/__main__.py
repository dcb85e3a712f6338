"""`python -m tap_caranalytics`."""

from tap_caranalytics.tap import TapCarAnalytics

TapCarAnalytics.cli()
