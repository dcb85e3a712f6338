"""Singer tap for NewVendor."""
