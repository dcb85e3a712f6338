"""Singer tap for the reports of Khoros Care Analytics."""
