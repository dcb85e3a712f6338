"""The four vendors' APIs on loopback, written from the vendors' own documents."""
