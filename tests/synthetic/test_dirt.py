"""Faults counted again from the files, by pandas and regular expressions alone."""

from __future__ import annotations

import pandas as pd

from salesops_lib.synthetic.customers import customer_id


def faults_of(sample, name):
    return {kind: about["n"] for kind, about in sample.truth["dirt"][name]["faults"].items()}


def test_faults_of_the_order_file(sample):
    orders = sample.read("orders.csv")
    single = orders.drop_duplicates()
    products = set(sample.read("products.csv").product_id)
    counted = {
        "duplicate_line": len(orders) - len(single),
        "unparseable_date": int(
            pd.to_datetime(single.ordered_on, format="%Y-%m-%d", errors="coerce").isna().sum()
        ),
        "amount_thousands": int(single.net_amount.str.match(r"^[0-9]{1,3}(,[0-9]{3})+\.[0-9]{2}$").sum()),
        "amount_currency_sign": int(single.net_amount.str.startswith("￥").sum()),
        "amount_full_width": int(single.net_amount.str.match(r"^[０-９．]+$").sum()),
        "blank_customer": int((single.customer_id == "").sum()),
        "orphan_product": int((~single.product_id.isin(products)).sum()),
        "spaces_around_customer": int((single.customer_id != single.customer_id.str.strip()).sum()),
    }
    assert counted == faults_of(sample, "orders.csv")
    assert all(n > 0 for n in counted.values())
    assert single.set_index(["order_id", "line_id"]).index.is_unique


def test_listed_lines_are_those_with_the_fault(sample):
    orders = sample.read("orders.csv").drop_duplicates()
    keys = orders.order_id + "/" + orders.line_id
    blank = sample.truth["dirt"]["orders.csv"]["faults"]["blank_customer"]["lines"]
    assert sorted(keys[orders.customer_id == ""]) == blank
    twice = sample.read("orders.csv")
    twice = twice[twice.duplicated()]
    listed = sample.truth["dirt"]["orders.csv"]["faults"]["duplicate_line"]["lines"]
    assert sorted(twice.order_id + "/" + twice.line_id) == listed


def test_fault_rates_are_small(sample):
    for name in sample.truth["files"]:
        rows = sample.truth["dirt"][name]["rows"]
        for kind, n in faults_of(sample, name).items():
            assert n / rows < 0.01, (name, kind)


def test_other_files_have_the_faults_that_are_told(sample):
    receipts = sample.read("receipts.csv")
    assert faults_of(sample, "receipts.csv") == {
        "amount_thousands": int(receipts.amount.str.contains(",").sum())
    }
    deals = sample.read("opportunities.csv")
    assert faults_of(sample, "opportunities.csv") == {
        "blank_amount": int((deals.amount == "").sum()),
        "spaces_around_owner": int((deals.rep_id != deals.rep_id.str.strip()).sum()),
    }
    customers = sample.read("客户档案.csv")
    single = customers.drop_duplicates()
    spaced = single.name != single.name.str.strip()
    assert faults_of(sample, "客户档案.csv") == {
        "duplicate_row": len(customers) - len(single),
        "spaces_around_name": int(spaced.sum()),
    }


def test_customer_file_is_not_utf8(sample):
    raw = (sample.raw / "客户档案.csv").read_bytes()
    assert "客户编号" in raw.decode("gb18030")
    assert raw[:4] != "客户编号".encode()[:4]


def test_twins_and_hostile_names_are_where_the_truth_says(sample):
    customers = sample.read("客户档案.csv").drop_duplicates().set_index("customer_id")
    orders = sample.read("orders.csv")
    ordering = set(orders.customer_id.str.strip())
    for first, second in sample.truth["customers"]["written_twice"]:
        assert {first, second} <= ordering
        assert customers.name[first].strip() != customers.name[second]
    for identity, about in sample.truth["customers"]["hostile"].items():
        assert customers.name[identity] == about["name"]
        assert identity in ordering
    assert customer_id(1999) in customers.index


def test_ids_refer_to_rows_of_other_files_but_for_told_faults(sample):
    customers = set(sample.read("客户档案.csv").customer_id)
    reps = set(sample.read("reps.csv").rep_id)
    orders = sample.read("orders.csv")
    invoices = sample.read("invoices.csv")
    assert set(orders.customer_id.str.strip()) - {""} <= customers
    assert set(orders.rep_id) <= reps
    assert set(sample.read("org.csv").rep_id) == reps
    assert set(invoices.order_id) <= set(orders.order_id)
    assert set(sample.read("receipts.csv").invoice_id) <= set(invoices.invoice_id)
    assert set(sample.read("returns.csv").order_id) <= set(orders.order_id)
    deals = sample.read("opportunities.csv")
    assert set(deals.customer_id) <= customers
    assert set(sample.read("opportunity_history.csv").opportunity_id) <= set(deals.opportunity_id)
