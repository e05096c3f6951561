"""`salesops post`: a statement is written once, in its turn, and holds on to the one before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from click.testing import CliRunner

from salesops_lib import chain
from salesops_lib.cli import main
from salesops_lib.errors import BusyError, DataError, PolicyError
from salesops_lib.incentives import pay_office, posted
from salesops_lib.incentives.payments import paid
from salesops_lib.incentives.statements import statements
from salesops_lib.policy.incentives import PayRules, Plan
from salesops_lib.policy.payments import Payments
from salesops_lib.runs import posting
from salesops_lib.runs.inputs import Inputs

TIERS = ({"from": 0, "rate": 0.1},)
CORE = {
    "id": "core",
    "en": "C",
    "zh": "提成",
    "kind": "tiered",
    "basis": "amount",
    "mode": "marginal",
    "tiers": TIERS,
}
PLAN = {"id": "ae", "roles": ("ae",), "effective": {"from": "2025-01-01"}, "components": (CORE,)}


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv(chain.KEY, raising=False)


@pytest.fixture
def company(workspace):
    def make(*orders: tuple[str, str, int], payments: dict | None = None, as_of: str = "2025-12-31"):
        lines = [
            {
                "order_id": o,
                "line_id": "1",
                "ordered_on": day,
                "net_amount": net,
                "customer_id": "c",
                "rep_id": "ann",
            }
            for o, day, net in orders
        ]
        rules = {"tier_edge": "lower_inclusive", "start_day": "included"}
        policy = {
            "incentives.plans": (Plan.model_validate(PLAN),),
            "incentives.rules": PayRules.model_validate(rules),
            "incentives.payments": Payments.model_validate(payments or {}),
        }
        reps = [{"rep_id": "ann", "role": "ae", "hired_on": "2025-01-01"}]
        return workspace(period="2025-03", as_of=as_of, policy=policy, order_lines=lines, reps=reps)

    return make


def month(ws, label):
    return ws.calendar.parse(label)


ORDERS = (("S1", "2025-01-10", 200_000), ("S2", "2025-02-10", 100_001))


def test_posted_statements_and_adjustments_are_what_is_paid(company):
    ws = company(*ORDERS)
    entry = posting.post(ws, month(ws, "2025-01"))
    assert (entry["paid"], entry["adjusted"], entry["policy"]["sha256"]) == (20_000, 0, ws.policy.sha256)
    written = (ws.root / "payouts/2025-01.csv").read_bytes()
    late = company(*ORDERS, ("S0", "2025-01-03", 5_000))
    entry = posting.post(late, month(ws, "2025-02"))
    assert (entry["paid"], entry["adjusted"]) == (10_500, 500)
    assert (ws.root / "payouts/2025-01.csv").read_bytes() == written
    rows = posted.posted(ws.root)
    assert rows[["statement", "month", "order_id", "amount"]].to_numpy().tolist() == [
        ["2025-01", "2025-01", "S1", 20_000], ["2025-02", "2025-01", "S0", 500], ["2025-02", "2025-02", "S2", 10_000],
    ]  # fmt: skip
    assert rows.amount.sum() == paid(late, month(ws, "2025-02")).months.paid.sum()
    assert "2025-02,ann,ae,core,2025-01,S0,1,order,5.00," in (ws.root / "payouts/2025-02.csv").read_text(
        "utf-8"
    )


def test_the_pay_office_sees_what_was_posted(company):
    """January was posted at 200.00 and is 230.00 by now; the page of February says so."""
    posting.post(company(*ORDERS), month(company(*ORDERS), "2025-01"))
    late = company(*ORDERS, ("S9", "2025-01-20", 30_000))
    made = statements(replace(late, period=month(late, "2025-02")))
    everybody = pay_office.payees(late, made).frame.set_index("payee_id")
    assert everybody.adjusted["ann"] == 3_000


def test_only_pages_of_statements_depend_on_what_was_posted(company, tmp_path):
    root = company(*ORDERS).root
    for name, cell in (("31_pay", '{"tags": ["statements"]}'), ("10_sales", "{}")):
        (tmp_path / f"{name}.ipynb").write_text(cell)
    known = Inputs(root, "2025-01", ("en",), "1", "policy", "data", posted=posted.last_link(root))
    posting.post(company(*ORDERS), month(company(*ORDERS), "2025-01"))
    now = replace(known, posted=posted.last_link(root))
    parts = {
        name: [one.parts(tmp_path / f"{name}.ipynb", "en", {}, "data") for one in (known, now)]
        for name in ("31_pay", "10_sales")
    }
    assert parts["31_pay"][0] != parts["31_pay"][1]
    assert parts["10_sales"][0] == parts["10_sales"][1]


@pytest.mark.parametrize(
    ("label", "as_of", "says"),
    [
        ("2025-01", "2025-12-31", "2025-01 is posted, and a posted statement is never changed"),
        (
            "2025-03",
            "2025-12-31",
            "2025-01 is the last posted statement, so 2025-02 is the next one, not 2025-03",
        ),
        ("2025-02", "2025-02-27", "2025-02 ends on 2025-02-28, and the data reach to 2025-02-27"),
    ],
)
def test_statements_are_posted_once_and_in_turn(company, label, as_of, says):
    ws = company(*ORDERS)
    posting.post(ws, month(ws, "2025-01"))
    before = sorted(path.name for path in ws.root.rglob("*"))
    with pytest.raises(DataError, match=says):
        posting.post(company(*ORDERS, as_of=as_of), month(ws, label))
    assert sorted(path.name for path in ws.root.rglob("*")) == before


def test_a_quarter_is_posted_with_its_last_month(company):
    ws = company(*ORDERS, payments={"every": "quarter"})
    with pytest.raises(DataError, match="2025-02 ends no statement: they are made for each quarter"):
        posting.post(ws, month(ws, "2025-02"))
    assert posting.post(ws, month(ws, "2025-Q1"))["statement"] == "2025-03"


def test_what_was_posted_is_checked_whenever_it_is_read(company):
    ws = company(*ORDERS)
    posting.post(ws, month(ws, "2025-01"))
    file = ws.root / "payouts/2025-01.csv"
    file.write_text(file.read_text("utf-8").replace("200.00", "100.00"), "utf-8")
    with pytest.raises(DataError, match=r"2025-01.csv is not as it was posted"):
        posting.post(ws, month(ws, "2025-02"))


def test_an_interrupted_posting_leaves_nothing_that_counts(company, monkeypatch):
    ws = company(*ORDERS)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(chain, "append", stop)
        with pytest.raises(KeyboardInterrupt):
            posting.post(ws, month(ws, "2025-01"))
    assert posted.posted(ws.root).empty
    assert posting.post(ws, month(ws, "2025-01"))["paid"] == 20_000


def test_one_posts_at_a_time(company, monkeypatch):
    ws = company(*ORDERS)
    (ws.root / "payouts").mkdir()
    monkeypatch.setattr(posting, "_PATIENCE", 0.0)
    with posting.held(ws.root / "payouts/.lock", 0, ""), pytest.raises(BusyError, match="another process"):
        posting.post(ws, month(ws, "2025-01"))


def test_where_there_are_approvals_only_the_approved_policy_posts(company):
    ws = company(*ORDERS)
    chain.append(
        ws.root / "policy.approvals",
        [{"version": "1", "sha256": "0" * 64, "by": "Li Wei", "at": "2025-01-01"}],
    )
    with pytest.raises(PolicyError, match="is not the approved policy"):
        posting.post(ws, month(ws, "2025-01"))


def test_the_command_says_what_was_posted(company, monkeypatch):
    ws = company(*ORDERS)
    monkeypatch.setattr(
        "salesops_lib.workspace.open_workspace", lambda root, period: replace(ws, period=month(ws, period))
    )
    command = ["-w", str(ws.root), "post", "2025-01"]
    said = CliRunner().invoke(main, command)
    assert said.exit_code == 0, said.output
    assert said.stdout.startswith(
        "2025-01 is posted: 200.00 CNY to 1 person, 0.00 of it for earlier months; policy "
    )
