"""Singer tap for Medallia Agent Connect."""
