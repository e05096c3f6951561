"""Odds and landing held against the truth, and the time that a million deals take.

python benchmarks/pipeline.py odds [--seeds 8] [--first SEED]      sample companies, whose true odds are known
python benchmarks/pipeline.py landing [--seeds 8] [--first SEED]   how often P10 to P90 held, told a month ahead
python benchmarks/pipeline.py crm FOLDER            public CRM data, learnt to 2017-08, tested after
python benchmarks/pipeline.py speed [--deals N]     against one scan and GROUP BY of the history
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from salesops_lib import cleaning, open_workspace, synthetic
from salesops_lib.cli.start import adopt_policy
from salesops_lib.metrics.calibration import expected_calibration_error
from salesops_lib.pipeline import landing, out_of_time, seen
from salesops_lib.pipeline.review import review
from salesops_lib.pipeline.scores import brier
from salesops_lib.pipeline.win_odds import WinOdds
from salesops_lib.synthetic import company
from salesops_lib.workspace import load_policy

FIRST_SEED = 3_001  # no other script or test uses these companies


def sample(root: Path, seed: int) -> None:
    raw = synthetic.generate(root, lines=10_000, seed=seed)
    adopt_policy(root)
    policy = load_policy(root)
    cleaning.add(root, sorted(raw.iterdir()), yes=True, policy=policy)
    cleaning.load(root, policy=policy)


def true_odds(rows: pd.DataFrame) -> np.ndarray:
    """The planted odds of each row, from its stage and its customer's segment."""
    segments = {name: i for i, name in enumerate(company.SEGMENTS)}
    odds = {
        (stage, name): np.prod([company.stage_odds(s, g) for s in range(i, len(company.STAGES))])
        for i, stage in enumerate(company.STAGES)
        for name, g in segments.items()
    }
    return np.array([odds[key] for key in zip(rows.stage, rows.segment, strict=True)])


def odds(seeds: range) -> None:
    """Out of time: calibration error and Brier score against the policy's priors; and the distance from the planted odds."""
    print("seed   decided  used    ECE    Brier  priors  gain   best possible   mean |odds - planted|")
    total = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            sample(Path(folder), seed)
            with closing(open_workspace(folder, period="2025-12")) as ws:
                day = seen.day_of(ws)
                known = seen.seen(ws, day)
                chosen = out_of_time.choose(known.past, pd.Timestamp(day), ws.policy.process)
                scores = chosen.scores.set_index("name")
                until = pd.Timestamp(day)
                later = out_of_time.decided(known.past, until)
                later = later[
                    later.day > until - pd.Timedelta(days=out_of_time.FOLD_DAYS * out_of_time.FOLDS)
                ]
                best = brier(true_odds(later), later.won.to_numpy(bool), later.weight.to_numpy())
                off = np.abs(chosen.odds(known.now) - true_odds(known.now)).mean()
        mine, priors = scores.brier[chosen.name], scores.brier["priors"]
        total.append((chosen.ece, mine, priors, off))
        print(
            f"{seed}   {chosen.n_decided:7,}  {chosen.name:6} {chosen.ece:.4f}  {mine:.4f}  {priors:.4f}  "
            f"{1 - mine / priors:5.1%}  {best:.4f}          {off:.4f}",
            flush=True,
        )
    ece, mine, priors, off = np.mean(total, axis=0)
    print(
        f"mean: ECE {ece:.4f}, Brier {1 - mine / priors:.1%} below the policy's priors, {off:.4f} from the planted odds"
    )


def landings(seeds: range) -> None:
    """Months of sample companies, each told at the end of the month before with what was known then."""
    held = told = 0
    ratios, months_back = [], 18
    seen.MONTHS_BACK = landing.MONTHS_BACK = months_back
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            sample(Path(folder), seed)
            with closing(open_workspace(folder, period="2025-12")) as ws:
                day = seen.day_of(ws)
                known = seen.seen(ws, day)
                book = landing._book(ws, day)
                first = landing.land(known.past, known.now, book, day, day + timedelta(days=1), 31)
                assert first is not None
                past = landing._past(ws, known, book, day, first.variances)
        own = 0
        for place in range(len(past)):
            made = past.landing[place].widened(landing._widening(past.iloc[:place]) if place else 1.0)
            own += made.quantile(0.1) <= past.value[place] <= made.quantile(0.9)
            ratios.append((past.value[place], made.quantile(0.5)))
        held, told = held + own, told + len(past)
        print(f"{seed}   {own} of {len(past)} months within P10 to P90", flush=True)
    came, middle = np.array(ratios).T
    share = held / told
    print(
        f"{told} months of {len(seeds)} companies: {share:.1%} held (±{1.96 * np.sqrt(share * (1 - share) / told):.1%}, target 80 %); "
        f"the middle missed by {np.abs(came - middle).sum() / came.sum():.1%}, {(middle - came).sum() / came.sum():+.1%} in sum"
    )


def crm(folder: Path) -> None:
    """Deals decided by 2017-08-31 are learnt from; those decided, or engaged, after are told."""
    deals = pd.read_csv(folder / "sales_pipeline.csv", parse_dates=["engage_date", "close_date"])
    deals = deals[deals.deal_stage.isin(["Won", "Lost"])]
    rows = deals.assign(
        deal=deals.opportunity_id, day=deals.engage_date, decided_on=deals.close_date, won=deals.deal_stage == "Won",
        weight=1.0, rep_id=deals.sales_agent,
    )[["deal", "day", "decided_on", "won", "weight", "product", "rep_id", "account"]]  # fmt: skip
    origin = pd.Timestamp("2017-08-31")
    first = rows[rows.decided_on <= origin]
    for name, later in (
        ("decided after", rows[rows.decided_on > origin]),
        ("engaged after", rows[rows.day > origin]),
    ):
        won = later.won.to_numpy(bool)
        told = {
            "one rate": WinOdds(effects=False)
            .fit(out_of_time.told(first), first.won)
            .predict_proba(out_of_time.told(later))[:, 1],
            "product x person rates": out_of_time._cells(first, later),
            "model": WinOdds()
            .fit(out_of_time.told(first), first.won)
            .predict_proba(out_of_time.told(later))[:, 1],
        }
        print(f"{name} 2017-08-31: {len(first):,} learnt from, {len(later):,} told, {won.mean():.1%} won")
        for who, p in told.items():
            print(
                f"  {who:24} Brier {brier(p, won):.4f}  ECE {expected_calibration_error(p, won, by='scale'):.4f}"
            )


def speed(n: int) -> None:
    """The sample's deals copied with other ids until there are `n`; the page's measures against the bare lower bound."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        sample(root, FIRST_SEED)
        with duckdb.connect(str(root / "data" / "facts.duckdb")) as store:
            copies = max(1, n // store.execute("SELECT COUNT(*) FROM deals").fetchall()[0][0])
            for table in ("opportunities", "deals", "opportunity_changes", "deal_changes", "deal_states"):
                store.execute(
                    f"CREATE OR REPLACE TABLE {table} AS SELECT t.* REPLACE (t.opportunity_id || '-' || i AS opportunity_id) "
                    f"FROM {table} AS t, range({copies}) AS copies(i)"
                )
            deals, changes = (
                store.execute(f"SELECT COUNT(*) FROM {t}").fetchall()[0][0]
                for t in ("deals", "opportunity_changes")
            )
            start = time.perf_counter()
            store.execute(
                "SELECT opportunity_id, field, COUNT(*), MAX(changed_on), arg_max(new_value, changed_on) FROM opportunity_changes GROUP BY ALL"
            ).to_arrow_table()
            bare = time.perf_counter() - start
        with closing(open_workspace(root, period="2025-12")) as ws:
            start = time.perf_counter()
            review(ws)
            took = time.perf_counter() - start
    print(
        f"{deals:,} deals, {changes:,} changes: page {took:.1f} s, one scan and GROUP BY {bare:.2f} s: {took / bare:.1f} x (target 3)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["odds", "landing", "crm", "speed"])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    parser.add_argument("--deals", type=int, default=1_000_000)
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.seeds)
    print(f"{date.today()}, salesops pipeline, numpy {np.__version__}, {shutil.which('python')}")
    if given.what == "odds":
        odds(seeds)
    elif given.what == "landing":
        landings(seeds)
    elif given.what == "crm":
        crm(given.folder)
    else:
        speed(given.deals)


if __name__ == "__main__":
    main()
