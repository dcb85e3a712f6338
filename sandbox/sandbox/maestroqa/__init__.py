"""MaestroQA: its coaching export."""
