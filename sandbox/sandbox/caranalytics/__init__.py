"""Khoros Care Analytics: its API, the reports it takes orders for, and what they report."""
