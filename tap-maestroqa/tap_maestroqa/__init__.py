"""Singer tap for MaestroQA's coaching sessions."""
