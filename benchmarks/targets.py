"""Is the decomposition of targets exact and quick, and are its targets fairer than "last year + x %"?

    python benchmarks/targets.py [--workspace DIR] [--repeats N] [--seeds N ...]

1. 500 salespeople in 50 teams of 5 regions × 12 months × 3 measures, with seed-drawn weights: sums of every parent
   and month, and the time beside a bare proportional split of the same array in NumPy, which is not exact.
2. With `--workspace` (made by `salesops demo`): targets of 2025 from what was known on the last day of 2024, held
   against the bookings of 2025.  Rivals give everybody the same growth over last year: over
   the person's own bookings, and over those of the customers that the person now has.  All give out the same total.  Nothing is read from truth.json but the potential of teams, after the targets are made.
3. With `--seeds` the same of companies made of them, one after the other, by the sample policy of today.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from salesops_lib.policy.quotas import Decomposition, FairShare
from salesops_lib.policy.selling import OverAssignment
from salesops_lib.targets.decomposition import Tree, decompose

SEED = 20260
MEASURES = ("bookings", "gross_margin", "new_customers")
MONTHS = [f"2026-{month:02d}" for month in range(1, 13)]
OVER = OverAssignment(region=1.03, team=1.05, rep=1.08)
RULES = Decomposition(weights=FairShare(history=0.4, potential=0.4, capacity=0.2), growth_bounds=(-0.5, 1.0))
N_RESAMPLES = 4_000


def company(rng: np.random.Generator) -> Tree:
    names = [("region", f"R{r}", "company") for r in range(5)]
    names += [("team", f"R{t % 5}T{t:02d}", f"R{t % 5}") for t in range(50)]
    names += [("rep", f"P{p:03d}", f"R{p % 50 % 5}T{p % 50:02d}") for p in range(500)]
    one = pd.DataFrame(names, columns=["level", "unit", "parent"])
    weights = {name: rng.lognormal(10, 0.5, len(one)) for name in ("history", "potential", "capacity")}
    units = pd.concat([one.assign(measure=measure, **weights) for measure in MEASURES], ignore_index=True)
    totals = {"bookings": 123_456_789_012, "gross_margin": 45_678_901_234, "new_customers": 40_001}
    seasons = {measure: list(rng.uniform(0.8, 1.2, 12)) for measure in MEASURES}
    return Tree(units, totals, seasons, MONTHS)


def faults(made: pd.DataFrame) -> int:
    """Parents and months whose children are a unit or more away from parent × factor, years that miss the rounded product."""
    found = 0
    above = dict(zip(("region", "team", "rep"), ("company", "region", "team")))
    for level, parent in above.items():
        factor = getattr(OVER, level)
        keys = ["measure", "parent", "period"]
        own = made[made.level == level].groupby(keys).value.sum()
        whole = made[made.level == parent].set_index(["measure", "unit", "period"]).value * factor
        found += int((np.abs(own - whole.reindex(own.index)) >= 1 + 1e-6).sum())
        years, wholes = own.groupby(keys[:2]).sum(), whole.groupby(level=[0, 1]).sum()
        found += int((np.abs(years - wholes.reindex(years.index)) > 0.5 + 1e-3).sum())
    return found


def timing(repeats: int) -> None:
    tree = company(np.random.default_rng(SEED))
    ours, bare, cells = [], [], None
    weights = tree.units[tree.units.level == "rep"].history.to_numpy().reshape(3, 500, 1)
    seasons = np.array([tree.seasons[measure] for measure in MEASURES])[:, None, :]
    totals = np.array(list(tree.totals.values()), dtype=float)[:, None, None]
    for _ in range(repeats):
        start = time.perf_counter()
        cells = decompose(tree, RULES, OVER)
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        shares = weights / weights.sum(axis=1, keepdims=True)
        split = np.rint(totals * shares * seasons / seasons.sum(axis=2, keepdims=True))
        bare.append(time.perf_counter() - start)
    off = np.abs(split.sum(axis=(1, 2)) - totals[:, 0, 0])
    print(
        f"500 people × 12 months × 3 measures, seed {SEED}: {len(cells):,} targets, {faults(cells)} sums wrong"
    )
    print(
        f"  {np.median(ours):.3f} s (least of {repeats}: {min(ours):.3f}); bare NumPy split {np.median(bare) * 1e3:.2f} ms ({np.median(ours) / np.median(bare):,.0f} times less), "
        f"which misses its totals by {', '.join(f'{one:.0f}' for one in off)} minor units"
    )


def _interval(values: np.ndarray) -> str:
    low, high = np.quantile(values, [0.025, 0.975])
    return f"[{low:+.3f}, {high:+.3f}]"


def reached_in(workspace: Path) -> tuple[Any, dict[str, np.ndarray], np.ndarray]:
    """The proposal for 2025 as of 2024, what those who stayed reached of it and of its rivals, and their territories' potential."""
    from salesops_lib import open_workspace
    from salesops_lib.targets.proposal import propose

    before = open_workspace(workspace, period="2024-12")
    proposal = propose(before)
    made = proposal.by_unit
    made = made[(made.measure == "bookings") & (made.level == "rep")].set_index("unit")
    sold = before.facts.query(
        "SELECT rep_id, year(dated_on) AS year, CAST(SUM(net_amount) AS DOUBLE) AS amount FROM sales "
        "WHERE kind = 'order' AND rep_id IS NOT NULL GROUP BY ALL ORDER BY ALL"
    ).pivot(index="rep_id", columns="year", values="amount")
    stayed = before.facts.query(
        "SELECT rep_id FROM reps WHERE hired_on <= DATE '2024-12-31' AND (left_on IS NULL OR left_on > DATE '2025-12-31')"
    ).rep_id
    own_before = sold[2024].reindex(made.index).fillna(0.0)
    rivals = {"own last year + x %": own_before, "territory's last year + x %": made.base}
    on = made.index.isin(stayed) & (own_before > 0)
    actual = sold[2025].reindex(made.index)[on].to_numpy()
    scale = 1 / float(np.prod([1.03, 1.05, 1.08]))  # the company's target itself, without the reserve
    size = proposal.territories.groupby("rep_id").potential.sum().reindex(made.index)[on].to_numpy()
    reached = {"policy's method": actual / (made.target[on].to_numpy() * scale)} | {
        name: actual / (sales / sales.sum() * made.target.sum() * scale)[on].to_numpy()
        for name, sales in rivals.items()
    }
    return proposal, reached, size


def sample(workspace: Path) -> None:
    proposal, reached, size = reached_in(workspace)
    n_people = ((proposal.by_unit.measure == "bookings") & (proposal.by_unit.level == "rep")).sum()
    print(
        f"\nSample company, targets of 2025 made on 2024-12-31: {n_people} people, {len(size)} of them to the end of 2025"
    )
    rng = np.random.default_rng(SEED)
    picks = rng.integers(0, len(size), (N_RESAMPLES, len(size)))

    def rmse(attainment: np.ndarray) -> np.ndarray:
        return np.sqrt(np.mean((attainment - 1) ** 2, axis=-1))

    for name, attainment in reached.items():
        drawn = np.array([np.corrcoef(attainment[p], size[p])[0, 1] for p in picks])
        print(
            f"  {name:28s} corr(attainment, potential of the territory) {np.corrcoef(attainment, size)[0, 1]:+.3f} {_interval(drawn)}, "
            f"RMSE of attainment around 1 {rmse(attainment):.3f}, mean {attainment.mean():.3f}, sd {attainment.std():.3f}"
        )
    ours, *others = reached.values()
    for name, theirs in zip(list(reached)[1:], others, strict=True):
        cut = 1 - rmse(ours) / rmse(theirs)
        drawn = 1 - rmse(ours[picks]) / rmse(theirs[picks])
        verdict = "met" if cut >= 0.30 else "MISSED"
        print(f"  RMSE below that of {name}: {cut:+.1%} {_interval(drawn)}; aim 30 %: {verdict}")
    size_corr = abs(np.corrcoef(ours, size)[0, 1])
    print(f"  |corr| {size_corr:.3f}; aim 0.05: {'met' if size_corr <= 0.05 else 'MISSED'}")
    truth = json.loads((workspace / "data/demo/truth.json").read_text(encoding="utf-8"))[
        "territory_potential"
    ]
    teams = proposal.by_unit[(proposal.by_unit.measure == "bookings") & (proposal.by_unit.level == "team")]
    teams = teams.set_index("unit")
    planted = pd.Series({name: one["potential"] for name, one in truth["teams"].items()}).reindex(teams.index)
    came = pd.Series({name: one["bookings_fen"] for name, one in truth["teams"].items()}).reindex(teams.index)
    print(
        f"  teams: corr(attainment, planted potential) {np.corrcoef(came / teams.target, planted)[0, 1]:+.3f}, n = {len(teams)}"
    )


def companies(seeds: list[int]) -> None:
    """The same of other companies: |corr|, and RMSE of attainment beside the rivals', a company a line, and their means."""
    from salesops_lib import cleaning, synthetic
    from salesops_lib.cli import data
    from salesops_lib.cli.start import adopt_policy

    rows = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            raw = synthetic.generate(root, lines=60_000, seed=seed)
            adopt_policy(root)
            with contextlib.redirect_stdout(io.StringIO()):
                cleaning.add(root, sorted(raw.iterdir()), yes=True, policy=data.policy_of(root))
                data.load_all(root)
            _, reached, size = reached_in(root)
        rmse = [float(np.sqrt(np.mean((one - 1) ** 2))) for one in reached.values()]
        rows.append([float(np.corrcoef(next(iter(reached.values())), size)[0, 1]), *rmse])
        print(
            f"  seed {seed}: corr {rows[-1][0]:+.3f}, RMSE {', '.join(f'{v:.3f}' for v in rmse)}", flush=True
        )
    table = np.array(rows)
    ours, own, territory = table[:, 1:].mean(axis=0)
    print(
        f"{len(seeds)} companies: |corr| {np.abs(table[:, 0]).mean():.3f} (mean {table[:, 0].mean():+.3f}); RMSE {ours:.3f}, "
        f"{ours / own - 1:+.1%} beside last year + x % of own bookings, {ours / territory - 1:+.1%} of the territory's"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", help="companies to make and try, instead")
    chosen = parser.parse_args()
    if chosen.seeds:
        companies(chosen.seeds)
        return
    timing(chosen.repeats)
    if chosen.workspace:
        sample(chosen.workspace)


if __name__ == "__main__":
    main()
