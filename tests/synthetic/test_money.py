"""Lines, invoices, receipts and returns agree with each other to the fen."""

from __future__ import annotations

import pandas as pd


def fen(text: pd.Series) -> pd.Series:
    return (
        text.str.normalize("NFKC")
        .str.replace(r"[¥,]", "", regex=True)
        .str.replace(".", "", regex=False)
        .astype("int64")
    )


def test_amount_is_quantity_times_price(sample):
    orders = sample.read("orders.csv").drop_duplicates()
    assert (fen(orders.net_amount) == orders.quantity.astype("int64") * fen(orders.unit_price)).all()
    assert (fen(orders.unit_price) <= fen(orders.list_price)).all()
    assert orders.net_amount.str.normalize("NFKC").str.match(r"^¥?[0-9,]+\.[0-9]{2}$").all()


def test_an_invoice_is_its_shipped_order(sample):
    orders = sample.read("orders.csv").drop_duplicates()
    net = fen(orders.net_amount).groupby(orders.order_id).sum()
    invoices = sample.read("invoices.csv")
    assert (fen(invoices.net_amount).to_numpy() == net[invoices.order_id].to_numpy()).all()
    status = orders.drop_duplicates("order_id").set_index("order_id").status
    assert (status[invoices.order_id] == "已完成").all()
    domestic = invoices.currency == "CNY"
    assert ((fen(invoices.tax_amount) - (fen(invoices.net_amount) * 0.13)).abs()[domestic] <= 0.51).all()
    assert (fen(invoices.tax_amount)[~domestic] == 0).all()


def test_cash_never_exceeds_the_invoice_and_late_payers_are_late(sample):
    invoices = sample.read("invoices.csv").set_index("invoice_id")
    receipts = sample.read("receipts.csv")
    paid = fen(receipts.amount).groupby(receipts.invoice_id).sum()
    due = fen(invoices.net_amount) + fen(invoices.tax_amount)
    assert (paid <= due[paid.index]).all()
    assert (receipts.received_on.to_numpy() > invoices.invoiced_on[receipts.invoice_id].to_numpy()).all()
    first = receipts.drop_duplicates("invoice_id")
    delay = (
        pd.to_datetime(first.received_on) - pd.to_datetime(first.invoice_id.map(invoices.due_on))
    ).dt.days
    late = first.customer_id.isin(sample.truth["customers"]["late_payers"])
    # Planted 20 to 69 days late, against a median a few days early.
    assert delay[late].min() >= 20
    assert delay[~late].median() < 0


def test_returns_follow_shipping_and_stay_within_the_line(sample):
    orders = sample.read("orders.csv").drop_duplicates().set_index(["order_id", "line_id"])
    returns = sample.read("returns.csv")
    lines = orders.loc[pd.MultiIndex.from_frame(returns[["order_id", "line_id"]])]
    assert (returns.quantity.astype(int).to_numpy() <= lines.quantity.astype(int).to_numpy()).all()
    assert (returns.returned_on.to_numpy() > lines.shipped_on.to_numpy()).all()
    assert (
        fen(returns.net_amount).to_numpy()
        == returns.quantity.astype(int).to_numpy() * fen(lines.unit_price).to_numpy()
    ).all()
    assert 0.008 < len(returns) / len(orders) < 0.018
