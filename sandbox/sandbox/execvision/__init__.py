"""ExecVision: its API, the account that answers, and the readings of its page."""
