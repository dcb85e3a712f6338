"""What every tap builds on; the same in all of them."""
