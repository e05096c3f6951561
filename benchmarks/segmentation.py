"""Customers: summary of many lines, speed of the purchase models, their exactness, and what they foretell.

    python benchmarks/segmentation.py [summary|fits|likelihoods|holdout|worlds|grades|intervals|telco|clusters|pairs …] [--lines N] [--customers N] [--cases N]
        [--models MODEL …] [--rounds N] [--peers PYTHON]

`summary` runs `customer_summary` and a bare DuckDB GROUP BY over the same Parquet file in turn, each in
a fresh process.  `fits` times each model on simulated customers, standard errors included.
`likelihoods` counts how far they are from 50-digit arithmetic.  `holdout` lets the models choose on
an inner backtest and foretell the outer stretch of CDNOW and Online Retail; `worlds` lets them in simulated companies.  `grades` counts grades that
go there and back.  `intervals` counts next orders within their intervals.  `telco` tries the contract model on Telco churn in repeated folds, beside gradient boosting and
a plain logistic regression on the same folds.  `clusters` times the search for groups.
`pairs` finds the pairs of products of Online Retail.  BLAS has one thread.

PYTHON is an interpreter with lifetimes, pymc-marketing and mlxtend; those of them that it lacks are left out.
Peers run the same task in turn with the library, each in a fresh process (see segmentation_peers.py).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

for pinned in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(pinned, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from segmentation_trials import DATA, cdnow, engine_of, grades, intervals, online_retail, raced, worlds  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "segmentation")]
ROUNDS = 3
PEERS = str(Path(__file__).with_name("segmentation_peers.py"))
FITS = ("bg_nbd", "mbg_nbd", "pareto_nbd", "gamma_gamma")
END = date(2025, 12, 31)
_BARE = """
WITH days AS (
    SELECT customer_id, dated_on, SUM(net_amount) AS amount FROM sales
    WHERE kind = 'order' AND dated_on <= DATE '2025-12-31' GROUP BY customer_id, dated_on
)
SELECT customer_id, COUNT(*) - 1 AS frequency, date_diff('day', MIN(dated_on), MAX(dated_on)) AS recency,
       date_diff('day', MIN(dated_on), DATE '2025-12-31') AS "T",
       (SUM(amount) - arg_min(amount, dated_on)) / NULLIF(COUNT(*) - 1, 0) AS monetary
FROM days GROUP BY customer_id
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all where none is named"
    )
    options.add_argument("--lines", type=int, default=10_000_000)
    options.add_argument("--customers", type=int, default=500_000)
    options.add_argument("--cases", type=int, default=2_000)
    options.add_argument("--models", nargs="+", choices=FITS, default=FITS, help="that `fits` times")
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--peers", metavar="PYTHON", default="")
    options.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.one:
        print(json.dumps(ONE[chosen.one[0]](*chosen.one[1:])))
        return
    for part in chosen.parts or PARTS:
        print(f"--- {part}")
        PARTS[part](chosen)


def summary(chosen: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sales.parquet"
        _make_lines(file, chosen.lines)
        print(
            f"{chosen.lines:,} lines, {file.stat().st_size / 1e6:.0f} MB of Parquet, {os.cpu_count()} cores, {chosen.rounds} rounds in turn"
        )
        ways: dict[str, list[str]] = {
            way: [sys.executable, __file__, "--one", "summary", way, str(file)] for way in ("bare", "library")
        }
        peers = [peer for peer in _peers(chosen) if peer != "mlxtend"]
        ways |= {peer: [chosen.peers, PEERS, peer, "summary", str(file)] for peer in peers}
        found = _in_turn(ways, chosen.rounds)
        for clock in ("wall", "cpu"):
            own = _median(found["library"], clock)
            print(f"library / bare, {clock}: {own / _median(found['bare'], clock):.2f}")
            for peer in peers:
                if found[peer]:
                    print(f"{peer} / library, {clock}: {_median(found[peer], clock) / own:.1f}")


def _in_turn(ways: dict[str, list[str]], rounds: int) -> dict[str, list[dict[str, Any]]]:
    """What each command tells, run in turn; a way that fails says why and is left out."""
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, command in ways.items():
            told = subprocess.run(command, check=False, capture_output=True, text=True)
            if told.returncode:
                print(f"{way} failed: {told.stderr.strip().splitlines()[-1][:150]}")
                continue
            found[way].append(json.loads(told.stdout.splitlines()[-1]))
    for way, runs in found.items():
        if runs:
            print(f"{way:16}", {key: round(_median(runs, key), 3) for key, value in runs[0].items() if isinstance(value, int | float)})  # fmt: skip
    return found


def _peers(chosen: argparse.Namespace) -> list[str]:
    """The libraries that the peers' interpreter can import."""
    if not chosen.peers:
        return []
    names = {"lifetimes": "lifetimes", "pymc-marketing": "pymc_marketing", "mlxtend": "mlxtend"}
    asked = f"import importlib.util as u; print(*(n for n, m in {names!r}.items() if u.find_spec(m)))"
    return subprocess.run([chosen.peers, "-c", asked], check=True, capture_output=True, text=True).stdout.split()  # fmt: skip


def summarised(way: str, file: str) -> dict[str, float]:
    from salesops_lib.segmentation.summary import customer_summary
    from salesops_lib.tables.engine import DuckDBEngine
    from salesops_lib.tables.facts import Facts

    engine = DuckDBEngine()
    engine.execute(f"CREATE VIEW sales AS FROM read_parquet('{file}')")
    wall, cpu = time.perf_counter(), time.process_time()
    frame = engine.query(_BARE) if way == "bare" else customer_summary(Facts(engine), END)
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "customers": len(frame),
    }


def _median(runs: list[dict[str, Any]], clock: str) -> float:
    return statistics.median(run[clock] for run in runs)


def _make_lines(file: Path, lines: int) -> None:
    """A line has a customer of a skewed base and one of 1,000 days; every twentieth is a return."""
    import duckdb

    duckdb.connect().execute(
        f"""COPY (
            SELECT CASE WHEN i % 20 = 0 THEN 'return' ELSE 'order' END AS kind,
                   'C' || CAST(FLOOR(POWER(hash(i) % 1000003 / 1000003.0, 2) * {max(lines // 20, 1)}) AS BIGINT) AS customer_id,
                   DATE '2023-04-07' + CAST(hash(i + 7) % 1000 AS INTEGER) AS dated_on,
                   CAST(100 + hash(i + 11) % 100000 AS BIGINT) AS net_amount
            FROM range({lines}) AS t(i)) TO '{file}' (FORMAT parquet)"""
    )


def fits(chosen: argparse.Namespace) -> None:
    seen = simulated(chosen.customers)
    n_distinct = len(seen.drop_duplicates(["frequency", "recency", "T"]))
    print(f"{chosen.customers:,} customers, {n_distinct:,} distinct histories (days), one thread")
    with tempfile.TemporaryDirectory() as folder:
        file = _kept(seen, folder)
        for kind in chosen.models:
            print(kind)
            ways = {"library": [sys.executable, __file__, "--one", "fit", kind, file]}
            ways |= {
                peer: [chosen.peers, PEERS, peer, "fit", file, kind]
                for peer in _peers(chosen)
                if peer != "mlxtend"
            }
            found = _in_turn(ways, chosen.rounds)
            print(f"  {found['library'][0]['said']}")
            own = _median(found["library"], "cpu")
            for peer in ways:
                if peer != "library" and found[peer]:
                    print(f"  {peer} / library, CPU: {_median(found[peer], 'cpu') / own:.1f}")


def fitted(kind: str, file: str) -> dict[str, Any]:
    from salesops_lib.segmentation.race import candidates
    from salesops_lib.segmentation.spending import GammaGamma

    with np.load(file) as held:
        seen = pd.DataFrame({name: held[name] for name in held.files})
    models: dict[str, Any] = {**candidates(), "gamma_gamma": GammaGamma()}
    wall, cpu = time.perf_counter(), time.process_time()
    model = models[kind].fit(seen)
    told = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}  # fmt: skip
    said = ", ".join(
        f"{name} {value:.4g} ± {error:.2g}"
        for name, value, error in zip(model.names, model.params_, model.standard_errors_, strict=True)
    )
    return told | {"said": said}


def _kept(seen: pd.DataFrame, folder: str) -> str:
    file = str(Path(folder) / "histories.npz")
    np.savez(file, **{str(name): seen[name].to_numpy(dtype=float) for name in seen})
    return file


def simulated(n: int, seed: int = 1) -> pd.DataFrame:
    """Customers of a BG/NBD world watched for 100 to 730 days; time in days."""
    rng = np.random.default_rng(seed)
    watched = rng.integers(100, 731, n)
    rate, leave = rng.gamma(0.8, 1 / 40, n), rng.beta(0.8, 2.5, n)
    x, last, clock, is_here = np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    while is_here.any():
        clock += np.maximum(np.ceil(rng.exponential(1 / rate)), 1)
        bought = is_here & (clock <= watched)
        x[bought] += 1
        last[bought] = clock[bought]
        is_here = bought & (rng.random(n) >= leave)
    shape, spend = 4.0, rng.gamma(5.0, 1 / 90, n)
    monetary = np.where(x > 0, rng.gamma(shape * np.maximum(x, 1), 1) / (spend * np.maximum(x, 1)), np.nan)
    return pd.DataFrame({"frequency": x, "recency": last, "T": watched, "monetary": monetary})


def likelihoods(chosen: argparse.Namespace) -> None:
    import exact

    from salesops_lib.segmentation.purchases import BetaGeometric, ModifiedBetaGeometric, ParetoNBD

    references: dict[Any, Callable[[exact.Case], Decimal]] = {
        BetaGeometric: lambda case: exact.beta_geometric(case, 0),
        ModifiedBetaGeometric: lambda case: exact.beta_geometric(case, 1),
        ParetoNBD: exact.pareto,
    }
    for kind, reference in references.items():
        off = []
        for case in exact.cases(chosen.cases, seed=2026):
            model = kind()
            model.params_ = pd.Series(case.params, kind.names)
            found = model.log_likelihood(np.array([[case.x, case.t, case.T]]))[0]
            off.append(float(abs(Decimal(float(found)) - reference(case))))
        print(
            f"{kind.__name__:22} {len(off):,} cases   worst {max(off):.1e}   median {statistics.median(off):.1e}"
            f"   beyond 1e-9: {sum(one > 1e-9 for one in off)}"
        )


def holdout(chosen: argparse.Namespace) -> None:
    """Choose on the second half of what is known, foretell what comes after; then on later days, where boosting can take part."""
    bases = {"cdnow, 39/39 weeks": (cdnow(), date(1997, 9, 30), 273, 136)}
    bases["online_retail, 27/26 weeks"] = (online_retail(), date(2011, 6, 8), 182, 91)
    bases["cdnow, 65/13 weeks"] = (cdnow(), date(1998, 3, 31), 91, 91)
    bases["online_retail, 43/10 weeks"] = (online_retail(), date(2011, 9, 30), 70, 70)
    for name, (days, split, horizon, inner) in bases.items():
        _held_out(chosen, name, engine_of(days), split, horizon, inner)


def _held_out(
    chosen: argparse.Namespace, name: str, engine: Any, split: date, horizon: int, inner: int
) -> None:
    from salesops_lib.metrics.calibration import expected_calibration_error
    from salesops_lib.segmentation.race import learnt, recalibrated

    earlier, came, scores = raced(engine, split - timedelta(days=inner), inner)
    winner = scores.model.iloc[0]
    before = learnt(engine, winner, split - timedelta(days=inner), inner)
    assert before is not None
    said, bought = before.model.probability_active(before.seen, inner), came > 0
    earlier, came, scores = raced(engine, split, horizon)
    table = scores.set_index("model")
    print(
        f"{name}: chosen {winner}, RMSE {table.rmse[winner] / table.rmse.min() - 1:+.2%} of the best of {len(table)}"
    )
    print(table.round(4).to_string())
    now = learnt(engine, winner, split, horizon)
    assert now is not None
    chance = recalibrated(now.model, said, bought).probability_active(now.seen, horizon)
    print(
        f"chances of {winner}, corrected by the inner stretch: Brier {np.mean((chance - (came > 0)) ** 2):.4f},"
        f" calibration error {expected_calibration_error(chance, came > 0):.4f}"
    )
    _peers_foretell(chosen, earlier.assign(came=came), horizon, float(table.rmse[winner]))


def _peers_foretell(chosen: argparse.Namespace, seen: pd.DataFrame, horizon: int, own: float) -> None:
    """RMSE of each peer's models on the same customers, and how far the chosen model is behind the best."""
    errors = {}
    with tempfile.TemporaryDirectory() as folder:
        file = _kept(seen, folder)
        for peer in _peers(chosen):
            if peer == "mlxtend":
                continue
            for kind in ("bg_nbd", "mbg_nbd", "pareto_nbd"):
                command = [chosen.peers, PEERS, peer, "holdout", file, kind, str(horizon)]
                found = _in_turn({f"{peer} {kind}": command}, 1)
                errors |= {way: runs[0]["rmse"] for way, runs in found.items() if runs}
    known = {way: error for way, error in errors.items() if error == error}
    if known:
        best = min(known, key=lambda way: known[way])
        print(f"chosen against the best peer ({best}): RMSE {own / known[best] - 1:+.2%}")


def pairs(chosen: argparse.Namespace) -> None:
    """Pairs of Online Retail at 0.1 % support; equal to mlxtend's at 2 %, where that runs."""
    with tempfile.TemporaryDirectory() as folder:
        sold = pd.read_csv(
            DATA / "online_retail" / "online_retail.csv.gz", dtype={"InvoiceNo": str, "StockCode": str}
        )
        sold = sold[sold.Quantity > 0]
        lines = pd.DataFrame({"order_id": sold.InvoiceNo, "product_id": sold.StockCode, "dated_on": pd.to_datetime(sold.InvoiceDate).dt.normalize()})  # fmt: skip
        file, written = str(Path(folder) / "lines.parquet"), str(Path(folder) / "rules.csv")
        lines.to_parquet(file)
        _in_turn({"library": [sys.executable, __file__, "--one", "pairs", file]}, chosen.rounds)
        if "mlxtend" not in _peers(chosen):
            return
        given = str(Path(folder) / "lines.csv")
        lines.to_csv(given, index=False)
        _in_turn({"mlxtend at 2 %": [chosen.peers, PEERS, "mlxtend", "pairs", given, "0.02", written]}, 1)
        _compare(paired(file, support=0.02), pd.read_csv(written, dtype={"product_id": str, "other_id": str}))


def _compare(own: pd.DataFrame, rules: pd.DataFrame) -> None:
    both = rules.merge(own, on=["product_id", "other_id"], suffixes=("_peer", ""))
    off = (both[["support_peer", "confidence_peer", "lift_peer"]].to_numpy() - both[["support", "confidence", "lift"]].to_numpy())  # fmt: skip
    print(f"mlxtend: {len(rules):,} rules of {len(rules) // 2:,} pairs; library: {len(own):,} pairs; worst difference {abs(off).max():.1e}")  # fmt: skip


def paired(file: str, support: float = 0.001) -> pd.DataFrame:
    from salesops_lib.segmentation.pairs import product_pairs
    from salesops_lib.tables.engine import DuckDBEngine

    engine = DuckDBEngine()
    engine.execute(f"CREATE VIEW sales AS SELECT 'order' AS kind, * FROM read_parquet('{file}')")
    return product_pairs(engine, date(2010, 1, 1), date(2012, 1, 1), min_support=support)


def paired_in_time(file: str) -> dict[str, float]:
    from salesops_lib.segmentation.pairs import product_pairs  # noqa: F401  # imports are not counted, as with peers
    from salesops_lib.tables.engine import DuckDBEngine

    DuckDBEngine().query("SELECT 1 AS one")
    wall, cpu = time.perf_counter(), time.process_time()
    found = paired(file)
    told = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return told | {"peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, "pairs": len(found)}


def telco(chosen: argparse.Namespace) -> None:
    """Ten repeats of five folds, seeds 0 to 9: AUC and calibration error of ours, and of two peers on the same folds."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    from salesops_lib.metrics.calibration import expected_calibration_error
    from salesops_lib.segmentation.additive import AdditiveClassifier
    from salesops_lib.segmentation.churn_frame import read

    known = read(pd.read_csv(DATA / "telco_churn" / "Telco-Customer-Churn.csv"))
    rows, left = known.X.fillna({"TotalCharges": 0}), known.left.to_numpy().astype(int)
    texts, numbers = (
        make_column_selector(dtype_exclude="number"),
        make_column_selector(dtype_include="number"),
    )
    peers = {
        "AdditiveClassifier (ours)": AdditiveClassifier(),
        "logistic regression": make_pipeline(
            make_column_transformer(
                (StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore"), texts)
            ),
            LogisticRegression(max_iter=3000),
        ),
        "gradient boosting": make_pipeline(
            make_column_transformer((OrdinalEncoder(), texts), remainder="passthrough"),
            HistGradientBoostingClassifier(random_state=0),
        ),
    }
    told: dict[str, list[tuple[float, float, float]]] = {name: [] for name in peers}
    for seed in range(10):
        folds = list(StratifiedKFold(5, shuffle=True, random_state=seed).split(rows, left))
        for name, model in peers.items():
            cpu, chance = time.process_time(), np.empty(len(rows))
            for learns, tells in folds:
                chance[tells] = model.fit(rows.iloc[learns], left[learns]).predict_proba(rows.iloc[tells])[
                    :, 1
                ]
            took = time.process_time() - cpu
            told[name].append(
                (float(roc_auc_score(left, chance)), expected_calibration_error(chance, left == 1), took)
            )
    print(
        f"{len(rows):,} customers, {left.mean():.1%} left; 10 repeats of 5 folds, seeds 0–9; aims: AUC ≥ .845, ECE ≤ .02"
    )
    for name, runs in told.items():
        auc, error, took = (np.array(part) for part in zip(*runs, strict=True))
        print(
            f"{name:26} AUC {auc.mean():.4f} ({auc.min():.4f}–{auc.max():.4f})   ECE {error.mean():.4f} (worst {error.max():.4f})"
            f"   {np.median(took):.2f} s CPU a repeat"
        )


def clusters(chosen: argparse.Namespace) -> None:
    """Four planted groups among `--customers`, and one cloud as large: CPU seconds and what is found."""
    from sklearn.metrics import adjusted_rand_score

    from salesops_lib.segmentation.clusters import find_clusters

    rng = np.random.default_rng(1)
    truth = rng.integers(0, 4, chosen.customers)
    centres = np.array([[2, 2, 2], [6, 2, 4], [2, 6, 6], [7, 7, 2]])
    worlds = {"four groups": np.exp(centres[truth] + rng.normal(0, 0.45, (chosen.customers, 3)))}
    worlds["one cloud"] = np.exp(
        5 + rng.normal(0, 1, (chosen.customers, 3)) @ np.array([[1, 0.8, 0], [0, 1, 0.5], [0, 0, 1]])
    )
    for name, values in worlds.items():
        cpu = time.process_time()
        found = find_clusters(pd.DataFrame(values, columns=["spend", "days", "orders"]))
        took = time.process_time() - cpu
        said = f"ARI {adjusted_rand_score(truth, found.labels):.4f}" if found.k else found.why
        print(f"{chosen.customers:,} customers, {name}: {found.k} groups, {said}; {took:.1f} s CPU")


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "summary": summary,
    "fits": fits,
    "likelihoods": likelihoods,
    "holdout": holdout,
    "worlds": worlds,
    "grades": grades,
    "intervals": intervals,
    "telco": telco,
    "clusters": clusters,
    "pairs": pairs,
}
ONE: dict[str, Callable[..., Any]] = {"summary": summarised, "fit": fitted, "pairs": paired_in_time}

if __name__ == "__main__":
    main()
