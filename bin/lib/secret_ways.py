"""Each way to say a password to a module: the right ones, and those that are refused because the option is logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from server import Server

# What all secrets have in common; nothing else may have it.
CORE = "Sesame"
# In a text that Python makes of a dictionary, in a URL, in JSON and in a DSN, each of these looks different.
ODD = (
    f"{CORE}",
    f"{CORE}'\\{CORE}\"%",
    f"\\{CORE}",
    f'"{CORE}"',
    f" {CORE} ",
    f"é{CORE}\N{ELEPHANT}",
    f"{CORE}\t\n{CORE}",
    f"{CORE}@host:5432/{CORE}?a=b&c#d",
    f"{{{{ {CORE} }}}}",
    f"$HOME/{CORE}",
    f"{CORE}=password={CORE}",
)


class Place(NamedTuple):
    """A server, a database on it, and a directory to write in."""

    server: Server
    database: str
    directory: Path

    @property
    def login(self) -> dict[str, Any]:
        """Return all that a connection needs but the password."""
        return {
            "login_host": self.server.host,
            "login_port": self.server.port,
            "login_user": self.server.superuser,
            "login_db": self.database,
        }

    @property
    def authority(self) -> str:
        """Return the part of a URL behind the user."""
        return f"{self.server.host}:{self.server.port}/{self.database}"


Options = Callable[[Place, str], Mapping[str, Any]]


def _url(place: Place, secret: str) -> str:
    return f"postgresql://{place.server.superuser}:{quote(secret, safe='')}@{place.authority}"


def _dsn(place: Place, secret: str) -> str:
    return place.server.dsn(place.database, password=secret)


def _file(place: Place, secret: str) -> str:
    path = place.directory / f"{abs(hash(secret))}.ini"
    path.write_text(f"[a]\ndb-connection-string = {_url(place, secret)}\n")
    return str(path)


# The secret is the user's password, and where it is right the server lets them in.
RIGHT: dict[str, Options] = {
    "login_password": lambda place, secret: {**place.login, "login_password": secret},
    "url": lambda place, secret: {"url": _url(place, secret)},
    "url, with a driver": lambda place, secret: {"url": _url(place, secret).replace("://", "+psycopg2://", 1)},
    "url, in its query": lambda place, secret: {
        "url": f"postgresql://{place.authority}?user={place.server.superuser}&password={quote(secret, safe='')}"
    },
    "url, as a DSN": lambda place, secret: {"url": _dsn(place, secret)},
    "connect_params": lambda place, secret: {**place.login, "connect_params": {"password": secret}},
    "connect_params over login_password": lambda place, secret: {
        **place.login,
        "login_password": f"{CORE} of another",
        "connect_params": {"password": secret, "connect_timeout": 5},
    },
    "config_file": lambda place, secret: {"config_file": _file(place, secret)},
}

# Secrets that this server doesn't ask for, beside the right password. libpq may be too old to know them.
OTHERS: dict[str, Options] = {
    "sslpassword": lambda place, secret: {"connect_params": {"sslpassword": secret}},
    "oauth_client_secret": lambda place, secret: {"connect_params": {"oauth_client_secret": secret}},
    "scram_client_key": lambda place, secret: {"connect_params": {"scram_client_key": secret}},
    "scram_server_key": lambda place, secret: {"connect_params": {"scram_server_key": secret}},
    "sslpassword in url": lambda place, secret: {
        "url": f"postgresql://{place.server.superuser}@{place.authority}?sslpassword={quote(secret, safe='')}"
    },
    "a keyword of a newer libpq in url": lambda place, secret: {
        "url": f"postgresql://{place.server.superuser}@{place.authority}?new_secret={quote(secret, safe='')}"
    },
    "url that can't be read": lambda place, secret: {"url": f"postgresql://postgres:{secret}%zz@localhost/x"},
    "url of another database": lambda place, secret: {"url": f"mysql://ann:{secret}@localhost/x?connect_timeout=1"},
}

# Where a secret would be logged: an error of the kind option.
REFUSED: dict[str, Options] = {
    "a URL in login_db": lambda place, secret: {"login_db": _url(place, secret)},
    "a DSN in login_db": lambda place, secret: {"login_db": _dsn(place, secret)},
    "a URL in login_host": lambda place, secret: {"login_host": _url(place, secret)},
    "in front of login_host": lambda place, secret: {"login_host": f"ann:{quote(secret, safe='')}@db"},
    "a URL in login_unix_socket": lambda place, secret: {"login_unix_socket": _url(place, secret)},
    "a URL in config_file": lambda place, secret: {"config_file": _url(place, secret)},
    "a DSN in session_role": lambda place, secret: {"session_role": f"password = {secret}"},
    "a URL in connect_params": lambda place, secret: {"connect_params": {"dbname": _url(place, secret)}},
    "a DSN in connect_params": lambda place, secret: {"connect_params": {"dbname": _dsn(place, secret)}},
    "in front of a host": lambda place, secret: {"connect_params": {"host": f"ann:{quote(secret, safe='')}@db"}},
    "a setting in options": lambda place, secret: {"connect_params": {"options": f"-c app.password={secret}"}},
    "a variable in options": lambda place, secret: {"connect_params": {"options": f"PGPASSWORD={secret}"}},
    "options in url": lambda place, secret: {
        "url": f"{_url(place, secret)}?options={quote(f'-c app.password={secret}', safe='')}"
    },
    "behind what a template left empty": lambda place, secret: {"url": f"dbname= password='{quote(secret, safe='')}'"},
    "the key itself": lambda place, secret: {"ssl_key": f"-----BEGIN PRIVATE KEY-----\n{secret}\n-----END"},
    "the key itself in connect_params": lambda place, secret: {
        "connect_params": {"sslkey": f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{secret}\n-----END"}
    },
    "a misspelt option": lambda place, secret: {"login_pasword": secret},
    "a misspelt option of a list": lambda place, secret: {"passwords": [secret]},
    "a misspelt keyword": lambda place, secret: {"connect_params": {"Password": secret}},
    "a keyword of a newer libpq": lambda place, secret: {"connect_params": {"new_secret": {"a": [secret]}}},
    "keywords in a list": lambda place, secret: {"connect_params": [{"password": secret}]},
    "keywords in a list in a list": lambda place, secret: {"connect_params": [[{"password": secret}]]},
    "keywords as a text that is none": lambda place, secret: {"connect_params": "{'password': " + secret},
    "a misspelt option beside": lambda place, secret: {"connect_params": {"password": secret}, "no_such_option": 1},
    "another option that is none": lambda place, secret: {"login_password": secret, "login_port": "none"},
    "a bad keyword beside": lambda place, secret: {"connect_params": {"sslpassword": secret, "connect_timeout": "x"}},
    "an empty option beside": lambda place, secret: {"url": _url(place, secret), "session_role": ""},
}

# What each module needs besides.
BESIDES: dict[str, dict[str, Any]] = {
    "pg_migrate": {"migrations_dir": "{directory}/migrations"},
    "pg_migration_generate": {
        "migrations_dir": "{directory}/generated",
        "name": "as it was",
        "from_database": True,
        "history_table": "nothing",
    },
    "pg_migration_info": {"migrations_dir": "{directory}/migrations"},
    "pg_migration_mark": {"migrations_dir": "{directory}/migrations", "versions": ["1"]},
    "pg_user_db": {"user": "ann"},
}


def besides(module: str, place: Place) -> dict[str, Any]:
    """Return the options that a module needs, whatever the connection is."""
    (place.directory / "migrations").mkdir(exist_ok=True)
    (place.directory / "migrations" / "1_table.up.sql").write_text("CREATE TABLE t (x int);")
    return {
        name: value.format(directory=place.directory) if isinstance(value, str) else value
        for name, value in BESIDES[module].items()
    }
