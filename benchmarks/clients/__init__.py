"""What the taps are compared with: each a program of its own, given a tap's settings."""
