"""What other libraries do with the same customers and orders; run by segmentation.py with the interpreter that has them.

    PYTHON segmentation_peers.py LIBRARY TASK FILE [OPTION …]

Prints one line of JSON: seconds of the task alone (imports and reading are not counted), peak of memory, results.
"""

from __future__ import annotations

import os

for pinned in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(pinned, "1")

import json  # noqa: E402
import logging  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)


def lifetimes_model(kind: str) -> Any:
    import lifetimes

    return {
        "bg_nbd": lifetimes.BetaGeoFitter, "mbg_nbd": lifetimes.ModifiedBetaGeoFitter, "pareto_nbd": lifetimes.ParetoNBDFitter,
        "gamma_gamma": lifetimes.GammaGammaFitter,
    }[kind](penalizer_coef=0.0)  # fmt: skip


def lifetimes_fit(file: str, kind: str) -> dict[str, Any]:
    seen = _histories(file)
    model = lifetimes_model(kind)
    clock = Clock()
    if kind == "gamma_gamma":
        again = seen[seen.frequency > 0]
        model.fit(again.frequency, again.monetary)
    else:
        model.fit(seen.frequency, seen.recency, seen["T"])
    return clock.told() | {"params": [float(v) for v in model.params_]}


def lifetimes_holdout(file: str, kind: str, horizon: str) -> dict[str, Any]:
    seen = _histories(file)
    model = lifetimes_model(kind)
    clock = Clock()
    model.fit(seen.frequency, seen.recency, seen["T"])
    foretold = model.conditional_expected_number_of_purchases_up_to_time(
        float(horizon), seen.frequency, seen.recency, seen["T"]
    )
    return clock.told() | {"rmse": _rmse(foretold, seen.came)}


def pymc_model(kind: str, data: pd.DataFrame) -> Any:
    from pymc_marketing import clv

    kinds = {
        "bg_nbd": clv.BetaGeoModel, "mbg_nbd": clv.ModifiedBetaGeoModel, "pareto_nbd": clv.ParetoNBDModel,
        "gamma_gamma": clv.GammaGammaModel,
    }  # fmt: skip
    return kinds[kind](data=data)


def pymc_fit(file: str, kind: str) -> dict[str, Any]:
    seen = _histories(file).rename(columns={"monetary": "monetary_value"})
    seen = seen.assign(customer_id=np.arange(len(seen)))
    if kind == "gamma_gamma":
        seen = seen[seen.frequency > 0][["customer_id", "frequency", "monetary_value"]].reset_index(drop=True)
    else:
        seen = seen[["customer_id", "frequency", "recency", "T"]]
    clock = Clock()
    model = pymc_model(kind, seen)
    model.build_model()
    _map(model)
    return clock.told()


def pymc_holdout(file: str, kind: str, horizon: str) -> dict[str, Any]:
    seen = _histories(file)
    data = seen.assign(customer_id=np.arange(len(seen)))[["customer_id", "frequency", "recency", "T"]]
    clock = Clock()
    model = pymc_model(kind, data)
    model.build_model()
    _map(model)
    foretold = model.expected_purchases(data=data, future_t=float(horizon))
    values = np.asarray(foretold).reshape(-1, len(seen)).mean(axis=0)
    return clock.told() | {"rmse": _rmse(values, seen.came)}


def _map(model: Any) -> None:
    try:
        model.fit(method="map", progressbar=False)
    except TypeError:
        model.fit(fit_method="map", progressbar=False)


def lifetimes_summary(file: str) -> dict[str, Any]:
    import lifetimes.utils

    lines = pd.read_parquet(file)
    lines = lines[lines.kind == "order"]
    clock = Clock()
    made = lifetimes.utils.summary_data_from_transaction_data(
        lines, "customer_id", "dated_on", "net_amount", observation_period_end="2025-12-31"
    )
    return clock.told() | {"customers": len(made)}


def pymc_summary(file: str) -> dict[str, Any]:
    from pymc_marketing.clv import rfm_summary

    lines = pd.read_parquet(file)
    lines = lines[lines.kind == "order"]
    clock = Clock()
    made = rfm_summary(
        lines, "customer_id", "dated_on", "net_amount", observation_period_end="2025-12-31", time_unit="D"
    )
    return clock.told() | {"customers": len(made)}


def mlxtend_pairs(file: str, support: str, written: str) -> dict[str, Any]:
    from mlxtend.frequent_patterns import apriori, association_rules
    from mlxtend.preprocessing import TransactionEncoder

    lines = pd.read_csv(file, dtype=str, keep_default_na=False)
    clock = Clock()
    baskets = lines.groupby("order_id").product_id.agg(list).tolist()
    encoder = TransactionEncoder()
    held = encoder.fit(baskets).transform(baskets, sparse=True)
    frame = pd.DataFrame.sparse.from_spmatrix(held, columns=encoder.columns_)
    items = apriori(frame, min_support=float(support), use_colnames=True, max_len=2, low_memory=True)
    rules = association_rules(
        items, num_itemsets=len(baskets), metric="support", min_threshold=float(support)
    )
    told = clock.told()
    rules = rules.assign(
        product_id=[next(iter(s)) for s in rules.antecedents],
        other_id=[next(iter(s)) for s in rules.consequents],
    )
    rules[["product_id", "other_id", "support", "confidence", "lift"]].to_csv(written, index=False)
    return told | {"rules": len(rules)}


class Clock:
    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def told(self) -> dict[str, float]:
        return {
            "wall": time.perf_counter() - self.wall,
            "cpu": time.process_time() - self.cpu,
            "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        }


def _histories(file: str) -> pd.DataFrame:
    with np.load(file) as held:
        return pd.DataFrame({name: held[name] for name in held.files})


def _rmse(foretold: Any, came: pd.Series) -> float:
    return float(np.sqrt(np.mean((np.asarray(foretold, dtype=float) - came.to_numpy()) ** 2)))


TASKS: dict[tuple[str, str], Callable[..., dict[str, Any]]] = {
    ("lifetimes", "fit"): lifetimes_fit,
    ("lifetimes", "holdout"): lifetimes_holdout,
    ("lifetimes", "summary"): lifetimes_summary,
    ("pymc-marketing", "fit"): pymc_fit,
    ("pymc-marketing", "holdout"): pymc_holdout,
    ("pymc-marketing", "summary"): pymc_summary,
    ("mlxtend", "pairs"): mlxtend_pairs,
}

if __name__ == "__main__":
    library, task, *rest = sys.argv[1:]
    print(json.dumps(TASKS[library, task](*rest)))
