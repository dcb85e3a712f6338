"""Singer tap for ExecVision (Mediafly Coach360)."""
