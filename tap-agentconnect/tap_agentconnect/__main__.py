"""`python -m tap_agentconnect`."""

from tap_agentconnect.tap import TapAgentConnect

TapAgentConnect.cli()
