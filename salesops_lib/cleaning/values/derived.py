"""Amounts and keys that a file states in other columns: tax taken out, net amounts, costs, names."""

from __future__ import annotations

from dataclasses import dataclass, field

from salesops_lib.cleaning.settings import Settings
from salesops_lib.cleaning.sources import Source
from salesops_lib.cleaning.values.currencies import digits_of
from salesops_lib.cleaning.values.spelling import literal
from salesops_lib.tables import Table

#: What a file states with or without tax alike; costs are what we pay, and have none.
_TAXED = ("net_amount", "unit_price", "list_price", "discount_amount")
_TAXED_TABLES = ("order_lines", "returns", "invoices", "products")
#: Words of a status or type that mark a returned line, and those that say it is none (yet).
_RETURNED = (
    r"(?i)退货|退款|退回|退单|红字|红冲|冲红|冲销|返品|return|refund|credit[ _-]?(?:note|memo)|revers|"
    r"gutschrift|retoure|storno|devoluci|^(?:re|rma)$"
)
_NOT_RETURNED = r"(?i)未|无|不|待|申请|拒|部分|可退|not |non|\bno |pend|request|reject|partial|eligible"


@dataclass
class Derived:
    """Expressions in two steps, the second of which may use the first; each with its note.

    `rules` are pairs of column and what was done to all of it.  `product` is the column that
    is the product of two others, its `factors`, and may therefore be too large.
    """

    first: dict[str, str] = field(default_factory=dict)
    second: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    rules: list[tuple[str, str]] = field(default_factory=list)
    product: str = ""
    factors: tuple[str, ...] = ()


def derived(table: Table, source: Source, settings: Settings, exact: str) -> Derived:
    """What follows from the mapped columns of a source.

    Parameters
    ----------
    exact
        SQL type of exact amounts.

    Notes
    -----
    The net amount is, in this order: stated; gross less tax; gross ÷ (1 + rate); quantity ×
    price × (1 − discount rate), or less the discount amount.  Where the file's amounts hold
    tax (`amounts: gross` of the source, else of the policy), it is taken out: by the file's own
    tax where it states it, else by the policy's rate.
    """
    has, found = set(source.columns), Derived()
    if "name" in table.names and "name" not in has:
        found.first["name"] = f"v_{table.key[0]}"
        found.notes.append(f"name = {table.key[0]}, for want of a name")
    holds_tax = (source.amounts or settings.amounts) == "gross" and table.name in _TAXED_TABLES
    if holds_tax:
        _take_tax_out(has, settings, exact, found)
    if table.name == "order_lines":
        _net(has, settings, exact, holds_tax, found)
        _cost(has, source, exact, found)
        for key, name in (("customer_id", "customer_name"), ("product_id", "product_name")):
            if key not in has and name in has:
                found.first[key] = f"v_{name}"
                found.notes.append(f"{key} = {name}, for want of a key")
    return found


def returned_sql(status: str, amount: str) -> str:
    """Whether a line with an amount above nothing is marked as returned."""
    word = f"regexp_matches({status}, {literal(_RETURNED)}) AND NOT regexp_matches({status}, {literal(_NOT_RETURNED)})"
    return f"CASE WHEN {amount} > 0 THEN {word} END"


def _take_tax_out(has: set[str], settings: Settings, exact: str, found: Derived) -> None:
    """Columns that hold tax, without it."""
    for name in (name for name in _TAXED if name in has):
        if name == "net_amount" and "gross_amount" in has:
            continue
        if name == "net_amount" and "tax_amount" in has:
            found.first[name] = f"CAST(v_net_amount - COALESCE(v_tax_amount, 0) AS {exact})"
            found.rules.append((name, "tax taken out: amount with tax − tax_amount"))
        elif settings.vat:
            found.first[name] = _without_tax(f"v_{name}", settings, exact)
            found.rules.append((name, f"tax taken out: amount with tax ÷ {1 + settings.vat:g}"))
        else:
            found.rules.append((name, "holds tax, and the policy names no rate: not taken out"))
    found.notes += [f"{name}: {rule}" for name, rule in found.rules]


def _without_tax(amount: str, settings: Settings, exact: str) -> str:
    rate = f"CAST(CAST({1 + settings.vat:.6f} AS DECIMAL(7, 6)) AS DOUBLE)"
    return f"CAST(round_even(CAST({amount} AS DOUBLE) / {rate}, 6) AS {exact})"


def _net(has: set[str], settings: Settings, exact: str, holds_tax: bool, found: Derived) -> None:
    """The net amount of an order line that does not state it."""
    if "net_amount" in has:
        return
    if {"gross_amount", "tax_amount"} <= has:
        net, how = f"CAST(v_gross_amount - v_tax_amount AS {exact})", "gross_amount − tax_amount"
    elif "gross_amount" in has:
        net, how = _without_tax("v_gross_amount", settings, exact), f"gross_amount ÷ {1 + settings.vat:g}"
    else:
        net, how = _product(has, exact)
        if how and holds_tax and settings.vat:
            net, how = _without_tax(net, settings, exact), f"{how}, ÷ {1 + settings.vat:g}"
        if how:
            found.product, found.factors = "net_amount", ("quantity", _price(has))
    if how:
        found.first["net_amount"] = net
        found.notes.append(f"net_amount = {how}")


def _product(has: set[str], exact: str) -> tuple[str, str]:
    """Quantity × price − discount, and how it is written; empty where the file has no such columns."""
    price = _price(has)
    if not price or "quantity" not in has:
        return "", ""
    # DuckDB multiplies two numbers of 18 digits within 18 digits, and stops where that is too few.
    value, how = f"TRY_CAST(CAST(v_quantity AS DECIMAL(20, 6)) * v_{price} AS {exact})", f"quantity × {price}"
    if "discount_rate" in has:
        return (
            f"TRY_CAST({value} * (1 - COALESCE(v_discount_rate, 0)) AS {exact})",
            f"{how} × (1 − discount_rate)",
        )
    if "discount_amount" in has:
        return (
            f"TRY_CAST({value} - COALESCE(v_discount_amount, 0) AS {exact})",
            f"{how} − discount_amount",
        )
    return value, how


def _price(has: set[str]) -> str:
    """The price that a line is sold at before its discount."""
    if "unit_price" in has:
        return "unit_price"
    return "list_price" if "list_price" in has and {"discount_rate", "discount_amount"} & has else ""


def _cost(has: set[str], source: Source, exact: str, found: Derived) -> None:
    """Cost from margin: of rounded amounts, so that net − cost = margin holds in each row."""
    if "cost_amount" in has or "margin_amount" not in has or not {"net_amount"} & (has | found.first.keys()):
        return
    places = digits_of(source.currency)
    found.second["cost_amount"] = (
        f"CAST(round_even(v_net_amount, {places}) - round_even(v_margin_amount, {places}) AS {exact})"
    )
    found.notes.append("cost_amount = net_amount − margin_amount")
