# Generated from tools/base/__init__.py by `python -m tools generate`: edit it there.
"""What every tap builds on; the same in all of them."""
