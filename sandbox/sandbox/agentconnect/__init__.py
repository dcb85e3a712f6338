"""Agent Connect: its API, the company that answers, and that company's data."""
