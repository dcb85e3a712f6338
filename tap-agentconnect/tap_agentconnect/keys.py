"""Keys of employees, of whom the vendor sends no id."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Row = dict[str, Any]
Identity = tuple[str, str, str]


def email(row: Row) -> str:
    """Return the e-mail address, "" without one."""
    return _text(row.get("email"))


def custom_id(row: Row) -> str:
    """Return the company's own id of the employee, "" without one."""
    return _text(row.get("custom_employee_id"))


def identity(row: Row) -> Identity:
    """Return what tells one employee from all others: address and id, and the name of who has but one of them."""
    address, own = email(row), custom_id(row)
    if address and own:
        return address, own, ""
    return address, own, _name(row) if address or own else _fingerprint(row)


class Employees:
    """Employees, each once, as they were when they were last read."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._rows: dict[Identity, Row] = {}

    def add(self, rows: Iterable[Row]) -> None:
        """Take in a page."""
        self._rows.update((identity(row), row) for row in rows)

    def with_keys(self) -> list[Row]:
        """Return all with an `employee_key`: the e-mail address, else the custom id, else a hash.

        Of several with the same, all but one have what tells them apart behind it. Which one has not depends on the
        employees alone, not on their order.
        """
        keys: dict[str, Identity] = {}
        # An address belongs to who has it, rather than to who has it for an id.
        for who in sorted(self._rows, key=lambda who: (not who[0], who)):
            address, own, other = who
            key = address or own or other
            if key in keys:
                key = f"{key} ({other or own})"
            while key in keys:
                key += "'"
            keys[key] = who
        names = {who: key for key, who in keys.items()}
        return [{**row, "employee_key": names[who]} for who, row in self._rows.items()]


def _text(value: Any) -> str:
    text = "" if value is None else str(value).strip()
    return "" if text == "null" else text


def _name(row: Row) -> str:
    return " ".join(filter(None, (_text(row.get("first_name")), _text(row.get("last_name")))))


def _fingerprint(row: Row) -> str:
    """Return a hash of all there is, but for what changes with every visit."""
    lasting = {name: None if name == "last_active" else value for name, value in row.items()}
    return sha256(repr(sorted(lasting.items())).encode("utf-8", "surrogatepass")).hexdigest()
