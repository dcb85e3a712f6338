"""What whoever changes this repository runs: `python -m tools`."""
