"""Dumps of PostgreSQL: made by ``pg_dump``, and put back beside what stands there.

A dump is put into a schema of its own first, by way of the schema it names; the tables of before
are out of its way for that one transaction. Only what was looked at takes their place.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from connector.store import queue_tables
from connector.store.audit import Anchor, head
from connector.store.backup_facts import BackupFacts, BackupFailed, facts_of
from connector.store.engine import create_engine, reading, writing
from connector.store.migrations import stands_at
from connector.store.pg_programs import Programs

__all__ = ["check_schema_there", "dump", "examine_dump", "put_beside", "put_in_place"]

_VERSION = "alembic_version"
_CONTENT = re.compile(r"^\d+; \d+ \d+ (?P<what>.+)$", re.MULTILINE)
_SCHEMAS = ("SCHEMA - ", "COMMENT - SCHEMA ", "ACL - SCHEMA ")
_NAME_BYTES = 63  # what PostgreSQL keeps of a name


def dump(engine: sa.Engine, path: Path) -> BackupFacts:
    """Dump the schema this connection works in, and read the dump's list of contents.

    Raises ``BackupFailed``.
    """
    with reading(engine) as conn:
        place, schema, last = _place(conn), stands_at(conn), head(conn)
    programs = Programs(engine)
    programs.run("pg_dump", "--format=custom", f"--schema={place}", f"--file={path}")
    _Contents(path, programs)
    return BackupFacts(
        bytes=path.stat().st_size,
        schema=str(schema),
        audit_entries=last[0],
        audit_head=last[1],
    )


class _Contents:
    """What a dump says it holds. Raises ``BackupFailed`` for one that is none of Zixin's."""

    def __init__(self, path: Path, programs: Programs) -> None:
        self.listed = programs.run("pg_restore", "--list", str(path), connect=False)
        entries = [found["what"] for found in _CONTENT.finditer(self.listed)]
        named = (re.fullmatch(rf"TABLE (?!DATA )(.+) {_VERSION} \S+", entry) for entry in entries)
        schemas = [found[1] for found in named if found]
        if len(schemas) != 1:
            raise BackupFailed("the dump does not hold the tables of Zixin")
        self.schema = schemas[0]
        of_tables = re.compile(rf"TABLE {re.escape(self.schema)} (\S+) \S+")
        self.tables = [found[1] for entry in entries if (found := of_tables.fullmatch(entry))]

    def within(self) -> str:
        """List all but the schema itself, which is there already."""
        lines = self.listed.splitlines()
        return "\n".join(line for line in lines if not _of_schema(line)) + "\n"


def _of_schema(line: str) -> bool:
    found = _CONTENT.match(line)
    return found is not None and found["what"].startswith(_SCHEMAS)


def check_schema_there(engine: sa.Engine) -> None:
    """Refuse an address whose schema is not there. Raises ``BackupFailed``."""
    with reading(engine) as conn:
        _place(conn)


@contextmanager
def put_beside(engine: sa.Engine, path: Path) -> Iterator[sa.Engine]:
    """Put a dump into a schema beside what stands there, and open that. It is gone afterwards.

    Raises ``BackupFailed``.
    """
    with reading(engine) as conn:
        place = _place(conn)
    beside = _named_after(place, "_restoring")
    copy = create_engine(_within(engine.url, beside))
    try:
        _load(engine, path, place, beside)
        yield copy
    finally:
        copy.dispose()
        with writing(engine) as conn:
            _run(conn, f"DROP SCHEMA IF EXISTS {_quoted(beside)} CASCADE")


def _load(engine: sa.Engine, path: Path, place: str, beside: str) -> None:
    programs = Programs(engine)
    contents = _Contents(path, programs)
    there, aside = contents.schema, _named_after(place, "_set_aside")
    with reading(engine) as conn:
        known = sa.inspect(conn).has_schema(there)
    ours = [*contents.tables, *_our_tables()]
    before = [
        f"DROP SCHEMA IF EXISTS {_quoted(beside)} CASCADE;",
        f"CREATE SCHEMA {_quoted(beside)};",
        f"CREATE SCHEMA {_quoted(aside)};",
        f"CREATE SCHEMA IF NOT EXISTS {_quoted(there)};",
        _moved(ours, there, aside),
    ]
    after = [
        _moved(contents.tables, there, beside),
        _moved(ours, aside, there),
        f"DROP SCHEMA {_quoted(aside)};",
        *([] if known else [f"DROP SCHEMA {_quoted(there)};"]),
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".list", encoding="utf-8") as within:
        within.write(contents.within())
        within.flush()
        arguments = ("--no-owner", "--no-privileges", f"--use-list={within.name}", str(path))
        programs.run_script("\n".join(before), arguments, "\n".join(after))


def examine_dump(copy: sa.Engine, size: int, *, anchors: Iterable[Anchor] = ()) -> BackupFacts:
    """Look at what a dump was put back to, as ``examine`` at a file of SQLite."""
    with reading(copy) as conn:
        names = sa.inspect(conn).get_table_names(schema=_place(conn))
        rows = {
            name: conn.execute(sa.select(sa.func.count()).select_from(sa.table(name))).scalar_one()
            for name in names
        }
    return facts_of(copy, rows, size=size, anchors=anchors)


def put_in_place(engine: sa.Engine, copy: sa.Engine, *, now: datetime) -> str:
    """Give the tables of ``copy`` the place of those of before; tells which schema those are in."""
    with reading(copy) as conn:
        beside = _place(conn)
        restored = sa.inspect(conn).get_table_names(schema=beside)
    copy.dispose()
    with writing(engine) as conn:
        place = _place(conn)
        aside = _named_after(place, f"_before_restore_{now:%Y%m%dt%H%M%Sz}")
        _run(conn, f"CREATE SCHEMA {_quoted(aside)}")
        _run(conn, _moved([*restored, *_our_tables()], place, aside))
        _run(conn, _moved(restored, beside, place))
    return aside


def _named_after(place: str, ending: str) -> str:
    return place.encode()[: _NAME_BYTES - len(ending)].decode(errors="ignore") + ending


def _our_tables() -> list[str]:
    return [*queue_tables.inbox.metadata.tables, _VERSION]


def _place(conn: sa.Connection) -> str:
    place = conn.execute(sa.select(sa.func.current_schema())).scalar_one()
    if place is None:
        raise BackupFailed("the schema that [store] url names is not there: CREATE SCHEMA first")
    return str(place)


def _within(url: sa.URL, schema: str) -> str:
    """Give the address of another schema of the same database."""
    present = url.query.get("options", "")
    options = present if isinstance(present, str) else " ".join(present)
    escaped = re.sub(r"([\\ ])", r"\\\1", _quoted(schema))
    inside = url.update_query_dict({"options": f"{options} -csearch_path={escaped}".strip()})
    return inside.render_as_string(hide_password=False)


def _moved(tables: Iterable[str], source: str, target: str) -> str:
    """Say how tables go into another schema, those that are there, with their triggers' functions.

    Indexes, constraints and the numbers of a column go with their table by themselves.
    """
    named = ", ".join(_literal(name) for name in sorted(set(tables)))
    here = (
        "relkind = 'r' AND nspname = " + _literal(source) + f" AND relname = ANY (ARRAY[{named}])"
    )
    return f"""DO $zixin$
DECLARE each text; every text[];
BEGIN
  SELECT array_agg(what) INTO every FROM (
    SELECT format('TABLE %I.%I', nspname, relname) AS what
    FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE {here}
    UNION
    SELECT format('FUNCTION %s', tgfoid::regprocedure)
    FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
    JOIN pg_namespace n ON n.oid = relnamespace WHERE NOT tgisinternal AND {here}
  ) AS found;
  FOREACH each IN ARRAY coalesce(every, ARRAY[]::text[]) LOOP
    EXECUTE format('ALTER %s SET SCHEMA %I', each, {_literal(target)});
  END LOOP;
END $zixin$;"""  # noqa: S608 every name is quoted


def _run(conn: sa.Connection, statement: str) -> None:
    conn.exec_driver_sql(statement.replace("%", "%%"))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
