"""What a run would meet at NewVendor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from .base.doctor import Doctor

if TYPE_CHECKING:
    from .client import NewVendorStream


class NewVendorDoctor(Doctor):
    """Reads each stream's first page. What the vendor's page leaves open becomes a method in `questions`."""

    @override
    def pace(self) -> str:
        return "a run makes at most 5 requests a second"

    @override
    def first_rows(self, stream: NewVendorStream) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.ask(stream, stream.get_new_paginator().current_value)
        return rows
