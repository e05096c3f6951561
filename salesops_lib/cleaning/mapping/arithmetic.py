"""What the amounts of order lines say about each other: quantity × price = amount, net + tax = gross."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import numpy as np

from salesops_lib.cleaning.mapping.names import read
from salesops_lib.cleaning.mapping.values import Evidence, same

Scores = Mapping[tuple[int, str], float]

#: Rates of value-added or sales tax in wide use.
_RATES = (
    0.13,
    0.09,
    0.06,
    0.03,
    0.05,
    0.07,
    0.08,
    0.1,
    0.11,
    0.12,
    0.15,
    0.16,
    0.17,
    0.18,
    0.19,
    0.2,
    0.21,
    0.22,
    0.23,
    0.25,
)
_MOST = 0.85
_WIDEST = 12


def corrected(evidence: Evidence, scores: Scores) -> dict[tuple[int, str], float]:
    """`scores` of order lines after asking which amounts belong together."""
    found = _with_lone_prices(evidence, _with_owned_names(evidence, scores))
    scores = dict(found)
    amounts = _candidates(scores, "net_amount", "gross_amount")
    if len(evidence.rows) < 3 or not amounts:
        return found
    _tell_discounts(evidence, scores, found, amounts)
    lines = _line_amounts(evidence, scores, amounts)
    for index in amounts:
        if lines and index not in lines and _is_of_orders(evidence, scores, index):
            _scale(found, index, ("net_amount", "gross_amount"), 0.6)
        elif lines and index not in lines:
            _scale(found, index, ("net_amount",), 0.97)
    for gross in _worth_with_tax(evidence, scores, amounts):
        _scale(found, gross, ("net_amount",), 0.7)
        _raise(found, gross, "gross_amount")
    for net, tax, gross in _with_tax(evidence, scores, amounts):
        _scale(found, net, ("gross_amount",), 0.5)
        _scale(found, gross, ("net_amount",), 0.6)
        _raise(found, net, "net_amount")
        _raise(found, gross, "gross_amount")
        _scale(found, tax, ("discount_amount",), 0.5)
    _refuse_before_discount(evidence, scores, found, amounts)
    _refuse_unit_costs(evidence, scores, found)
    _refuse_unlikely_tax(evidence, scores, found)
    return found


def _with_owned_names(evidence: Evidence, scores: Scores) -> dict[tuple[int, str], float]:
    """`scores` after asking whose name a column called just "name" is: that of the code it goes with."""
    found = dict(scores)
    both = {index for index, column in scores if column == "customer_name"} & {
        i for i, c in scores if c == "product_name"
    }
    for index in both:
        goes = {key: _goes_with(evidence, scores, f"{key}_id", index) for key in ("customer", "product")}
        for key, other in (("customer", "product"), ("product", "customer")):
            if goes[key] and goes[other] is False:
                _scale(found, index, (f"{other}_name",), 0.6)
                found[index, f"{key}_name"] = max(found[index, f"{key}_name"], 0.79)
    return found


def _goes_with(evidence: Evidence, scores: Scores, key: str, index: int) -> bool | None:
    """Whether each code of the likeliest `key` has one value of column `index`; None where no code repeats."""
    keys = [other for other in _candidates(scores, key) if other != index][:1]
    groups = evidence.groups(keys[0]).values() if keys else ()
    several = [
        {evidence.rows[row][index] for row in rows if index < len(evidence.rows[row])}
        for rows in groups
        if len(rows) > 1
    ]
    return None if not several else sum(len(names) == 1 for names in several) >= 0.9 * len(several)


def _with_lone_prices(evidence: Evidence, scores: Scores) -> dict[tuple[int, str], float]:
    """`scores` where a price is the amount of its line: nothing counts pieces, or tax is a rate of it alone."""
    found = dict(scores)
    if any(fit > 0.6 for (_, column), fit in scores.items() if column in ("net_amount", "gross_amount")):
        return found
    quantities, taxes = _candidates(scores, "quantity")[:1], _candidates(scores, "tax_amount")[:1]
    for index in _candidates(scores, "unit_price"):
        price = evidence.numbers(index)
        if not quantities:
            found[index, "net_amount"] = 0.78 * scores[index, "unit_price"]
            found[index, "unit_price"] *= 0.6
        elif taxes and _by_rate(price, evidence.numbers(taxes[0])):
            pieces = evidence.numbers(quantities[0])
            if not _by_rate(price * pieces, evidence.numbers(taxes[0])):
                found[index, "net_amount"] = 0.9 * scores[index, "unit_price"]
                found[index, "unit_price"] *= 0.6
    return found


def _tell_discounts(
    evidence: Evidence, scores: Scores, found: dict[tuple[int, str], float], amounts: list[int]
) -> None:
    """A discount is a share where quantity × price × (1 − discount) is the amount, else money."""
    quantities, prices = (
        _candidates(scores, "quantity")[:1],
        _candidates(scores, "unit_price", "list_price")[:3],
    )
    for index in _candidates(scores, "discount_rate", "discount_amount"):
        numbers = evidence.numbers(index)
        is_cut = np.nan_to_num(numbers) != 0
        if not quantities or not is_cut.any():
            continue
        for price in prices:
            worth = evidence.numbers(quantities[0]) * evidence.numbers(price)
            cut = {
                "discount_rate": worth * (1 - _share(np.nan_to_num(numbers))),
                "discount_amount": worth - np.nan_to_num(numbers),
            }
            for column, other in (("discount_rate", "discount_amount"), ("discount_amount", "discount_rate")):
                if any(
                    same(cut[column], evidence.numbers(amount)) >= _MOST
                    and same(worth[is_cut], evidence.numbers(amount)[is_cut]) < _MOST
                    for amount in amounts
                    if amount != index
                ):
                    found[index, column] = max(found.get((index, column), 0.0), 0.93)
                    _scale(found, index, (other,), 0.5)


def _refuse_unlikely_tax(evidence: Evidence, scores: Scores, found: dict[tuple[int, str], float]) -> None:
    """A tax that is more than half of the amount is that of something else."""
    nets = sorted((i for i, c in found if c == "net_amount"), key=lambda i: -found[i, "net_amount"])[:1]
    for tax in _candidates(scores, "tax_amount") if nets else ():
        amount, numbers = np.abs(evidence.numbers(nets[0])), np.abs(evidence.numbers(tax))
        held = np.isfinite(amount) & np.isfinite(numbers) & (amount > 0)
        if held.sum() >= 3 and (numbers[held] > 0.5 * amount[held]).mean() > 0.3:
            _scale(found, tax, ("tax_amount",), 0.6)


def _candidates(scores: Scores, *columns: str) -> list[int]:
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    return list(dict.fromkeys(index for (index, column), _ in ranked if column in columns))[:_WIDEST]


def _scale(found: dict[tuple[int, str], float], index: int, columns: tuple[str, ...], factor: float) -> None:
    for column in columns:
        if (index, column) in found:
            found[index, column] *= factor


def _raise(found: dict[tuple[int, str], float], index: int, column: str) -> None:
    """What arithmetic proves is nearly as good as a name that says it."""
    if (index, column) in found:
        found[index, column] = max(found[index, column], min(0.95, found[index, column] + 0.12))


def _line_amounts(evidence: Evidence, scores: Scores, amounts: list[int]) -> set[int]:
    """Amounts that are quantity × price of their line, with or without a discount."""
    found = set()
    for quantity in _candidates(scores, "quantity")[:2]:
        for price in _candidates(scores, "unit_price", "list_price")[:4]:
            if quantity == price:
                continue
            value = evidence.numbers(quantity) * evidence.numbers(price)
            rates = [_share(evidence.numbers(index)) for index in _candidates(scores, "discount_rate")[:1]]
            for worth in (value, *(value * (1 - np.nan_to_num(rate)) for rate in rates)):
                found |= {
                    index
                    for index in amounts
                    if index not in (quantity, price) and same(worth, evidence.numbers(index)) >= _MOST
                }
    return found


def _share(rates: np.ndarray) -> np.ndarray:
    return rates / 100 if np.nanmax(np.abs(np.nan_to_num(rates))) > 1 else rates


def _is_of_orders(evidence: Evidence, scores: Scores, index: int) -> bool:
    """Whether an amount stays the same in all lines of an order."""
    keys = _candidates(scores, "order_id")[:1]
    if not keys:
        return False
    numbers = evidence.numbers(index)
    several = [rows for rows in evidence.groups(keys[0]).values() if len(rows) > 1]
    kept = [len(set(numbers[rows][np.isfinite(numbers[rows])])) <= 1 for rows in several]
    return bool(several) and sum(kept) >= 0.9 * len(kept)


def _with_tax(evidence: Evidence, scores: Scores, amounts: list[int]) -> list[tuple[int, int, int]]:
    """(net, tax, gross) where net + tax = gross."""
    taxes = [index for index in _candidates(scores, "tax_amount") if index not in amounts][:3]
    found = []
    for tax in taxes:
        numbers = evidence.numbers(tax)
        if not (np.nan_to_num(numbers) != 0).any():
            continue
        for net, gross in permutations(amounts, 2):
            if same(evidence.numbers(net) + numbers, evidence.numbers(gross)) >= _MOST:
                found.append((net, tax, gross))
    return found


def _worth_with_tax(evidence: Evidence, scores: Scores, amounts: list[int]) -> set[int]:
    """Amounts that are quantity × price + tax."""
    columns = [_candidates(scores, column)[:1] for column in ("quantity", "unit_price", "tax_amount")]
    if not all(columns):
        return set()
    quantity, price, tax = (evidence.numbers(index[0]) for index in columns)
    if not (np.nan_to_num(tax) != 0).any():
        return set()
    return {index for index in amounts if same(quantity * price + tax, evidence.numbers(index)) >= _MOST}


def _refuse_before_discount(
    evidence: Evidence, scores: Scores, found: dict[tuple[int, str], float], amounts: list[int]
) -> None:
    """Gross sales that lose a discount to become net ones hold no tax."""
    for discount in _candidates(scores, "discount_amount")[:2]:
        numbers = np.abs(evidence.numbers(discount))
        if not (np.nan_to_num(numbers) != 0).any():
            continue
        for before, after in permutations(amounts, 2):
            if same(evidence.numbers(before) - numbers, evidence.numbers(after)) >= _MOST:
                _scale(found, before, ("gross_amount",), 0.3)
                _scale(found, before, ("net_amount",), 0.75)


def _refuse_unit_costs(evidence: Evidence, scores: Scores, found: dict[tuple[int, str], float]) -> None:
    """A cost below the price even where many are sold is that of one piece."""
    quantities, prices = _candidates(scores, "quantity")[:1], _candidates(scores, "unit_price")[:1]
    if not quantities or not prices:
        return
    many = np.abs(evidence.numbers(quantities[0])) >= 3
    price = evidence.numbers(prices[0])
    for cost in _candidates(scores, "cost_amount"):
        numbers = evidence.numbers(cost)
        held = many & np.isfinite(numbers) & np.isfinite(price)
        if held.sum() >= 3 and (numbers[held] < price[held]).mean() >= 0.9:
            _scale(found, cost, ("cost_amount",), 0.5)


def basis(evidence: Evidence, columns: Mapping[str, str]) -> str:
    """`net` or `gross` where the file says which the net amount is; empty where it does not.

    By the header's own words, by net + tax = gross, by the price with tax that it is a multiple
    of, or by tax ÷ amount being a rate in use.
    """
    if "net_amount" not in columns:
        return ""
    place = {column: evidence.sample.headers.index(header) for column, header in columns.items()}
    words = read(columns["net_amount"]).concepts
    if "net" in words or "gross" in words:
        return "net" if "net" in words else "gross"
    amount = evidence.numbers(place["net_amount"])
    if "tax_amount" in place:
        tax = evidence.numbers(place["tax_amount"])
        if "gross_amount" in place and same(amount + tax, evidence.numbers(place["gross_amount"])) >= _MOST:
            return "net"
        if stated := _by_rate(amount, tax):
            return stated
    if {"unit_price", "quantity"} <= place.keys():
        worth = evidence.numbers(place["quantity"]) * evidence.numbers(place["unit_price"])
        priced = read(columns["unit_price"]).concepts & {"net", "gross"}
        if priced and same(worth, amount) >= _MOST:
            return min(priced)
    if "gross_amount" in place and "gross" in read(columns["gross_amount"]).concepts:
        return "net"
    return ""


def _by_rate(amount: np.ndarray, tax: np.ndarray) -> str:
    held = np.isfinite(amount) & np.isfinite(tax) & (np.abs(amount) > 1) & (tax != 0)
    if held.sum() < 3:
        return ""
    share = tax[held] / amount[held]
    slack = 0.0001 + 0.006 / np.abs(amount[held])
    is_net = (np.min([np.abs(share - rate) for rate in _RATES], axis=0) <= slack).mean()
    is_gross = (np.min([np.abs(share - rate / (1 + rate)) for rate in _RATES], axis=0) <= slack).mean()
    if max(is_net, is_gross) < 0.9 or abs(is_net - is_gross) < 0.2:
        return ""
    return "net" if is_net > is_gross else "gross"
