"""NewVendor's API on loopback."""
