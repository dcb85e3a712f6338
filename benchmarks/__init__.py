"""How fast the taps are, beside the least that the work takes and beside other tools."""
