"""Addresses of databases: URLs that are written, compared and shown without their password."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from salesops_lib.errors import DataError

KINDS = {"duckdb": "duckdb", "sqlite": "sqlite", "postgresql": "postgres", "postgres": "postgres"}
_SECRETS = ("password", "sslpassword")
_NAME = re.compile(r"\$\{(\w+)\}")
_FORMS = "duckdb:///file.duckdb, sqlite:///file.db or postgresql://user@host:5432/database"


class Address(str):
    """What is recorded of a database's URL; copies and pickles lose the password.

    Attributes
    ----------
    kind
        `duckdb`, `sqlite` or `postgres`.
    target
        The URL without password: itself, or what the variable holds that it names.
    password
        Empty where the URL had none.
    """

    kind: str = ""
    target: str = ""
    password: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str(self),)


def is_url(text: str) -> bool:
    """Whether `text` names a database: a URL of a known kind, or `${NAME}` of a variable that holds one.

    >>> is_url("sqlite:///a.db"), is_url("${SALES_DB}#public.orders"), is_url("a.csv")
    (True, True, False)
    """
    scheme, mark, _ = text.partition("://")
    return scheme in KINDS if mark else bool(_NAME.fullmatch(text.partition("#")[0]))


def address(text: str) -> Address:
    """Address in `text`, which may end with `#schema.table`.

    Raises
    ------
    DataError
        If the environment variable is not set, or the URL is of no known kind or malformed.

    Examples
    --------
    >>> address("postgresql://ann:secret@db.example/sales#public.orders")
    'postgresql://ann@db.example/sales'
    """
    base = text.partition("#")[0]
    named = _NAME.fullmatch(base)
    target, password = _without_password(_held(named[1]) if named else text)
    found = Address(base if named else target)
    found.kind, found.target, found.password = KINDS[target.partition("://")[0]], target, password
    return found


def settled(where: Address) -> str:
    """What is recorded of `where`: a file's path becomes absolute, as the next load may begin elsewhere.

    >>> settled(address("sqlite:////data/shop.db#orders")), settled(address("postgresql://ann:x@db/erp"))
    ('sqlite:////data/shop.db', 'postgresql://ann@db/erp')
    """
    scheme, _, path = str(where).partition(":///")
    if where.kind == "postgres" or not path or path.startswith("/"):
        return str(where)
    return f"{scheme}:///{Path(path).resolve()}"


def _held(name: str) -> str:
    if not os.environ.get(name):
        raise DataError(
            f"the environment variable {name}, which is to hold the address of a database, is not set. "
            f"Set it to {_FORMS}."
        )
    return os.environ[name]


def _without_password(url: str) -> tuple[str, str]:
    """The URL without password and table, and the password."""
    scheme, mark, _ = url.partition("://")
    if not mark or scheme not in KINDS:
        raise DataError(f"the address is of no database that can be read. Give it as {_FORMS}.")
    split = _split(url)
    if split is None:
        raise DataError(
            f"the {scheme} address cannot be read. Write it as {_FORMS}; in a password, "
            "characters such as @ / # : must be written as %40 %2F %23 %3A."
        )
    if KINDS[scheme] != "postgres":
        return f"{scheme}://{split.netloc}{split.path}", ""
    user, at, host = split.netloc.rpartition("@")
    pairs = parse_qsl(split.query, keep_blank_values=True)
    password = unquote(split.password or "") or next((value for key, value in pairs if key == "password"), "")
    query = urlencode([(key, value) for key, value in pairs if key not in _SECRETS], safe="/")
    shown = f"{scheme}://{user.partition(':')[0]}{at}{host}{split.path}"
    return shown + f"?{query}" * bool(query), password


def _split(url: str) -> SplitResult | None:
    """Parts of a URL; None where a password holds characters that part it in the wrong place."""
    try:
        found = urlsplit(url)
        _ = found.port
    except ValueError:
        return None
    is_server = KINDS[found.scheme] == "postgres"
    is_torn = is_server and any("@" in text for text in (found.path, found.query, found.fragment))
    return None if is_torn or found.netloc.count("@") > 1 else found
