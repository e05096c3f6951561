"""Who will leave a contract business: a chance with its reasons, tried on what the model had not seen.

`churn(frame)` is for everybody with a table of customers, one row each (or one a customer and day), that says who left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from salesops_lib.errors import DataError, nearest
from salesops_lib.metrics.calibration import expected_calibration_error, tenths
from salesops_lib.segmentation import churn_frame
from salesops_lib.segmentation.additive import AdditiveClassifier
from salesops_lib.segmentation.leakage import refuse_leaks
from salesops_lib.segmentation.tenure import survival

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from salesops_lib.segmentation.churn_frame import Known

    Split = tuple[NDArray[np.intp], NDArray[np.intp]]

FOLDS, MOST_REASONS = 5, 3
#: Of rows in time, the first part only teaches; the rest is foretold in three stretches, each from what precedes it.
_FIRST_TAUGHT, _STRETCHES = 0.55, 3
_LEAST = 20
#: Share of the rows in time, the latest, whose share of leavers a model may be set to.
_LATEST = 0.15
#: A column that moves the odds by less is no reason.
_TELLS = 0.05
SCHEMES = ("auto", "out_of_time", "random")


class Reason(NamedTuple):
    """What a column adds to a customer's log odds of leaving, against the mean customer.

    >>> str(Reason("contract", "Month-to-month", 0.77))
    'contract = Month-to-month (odds × 2.2)'
    """

    column: str
    value: object
    log_odds: float

    def __str__(self) -> str:
        shown = f"{self.value:.6g}" if isinstance(self.value, float) else str(self.value)
        return f"{self.column} = {shown} (odds × {np.exp(self.log_odds):.2g})"


@dataclass(frozen=True)
class Churn:
    """What `churn` found.

    Attributes
    ----------
    scores
        One row a customer that has not left (of its last day, where it has several): chance to leave; reasons, the
        strongest first, that raise it (`Reason`); amount, and at_risk = chance × amount, where an amount was named.
    validation
        One row a trial: auc, error (mean distance of chance and outcome over tenths, ECE), brier, n, n_left, and `until`,
        the last day that the model knew, where rows are in time.
    calibration
        Tenths of the rows foretold, each once with its mean chance over repeats: foretold and came (shares), n.
    survival
        See `tenure.survival`; None where no tenure was named.
    model
        Fitted to all rows whose outcome is known.
    scheme
        `out_of_time`, `random` folds, or `by_customer` (folds that keep a customer's rows together).
    known
        How the table was read: label, days, columns left out, values treated.
    is_levelled
        Whether chances are set to the share that left of late, which in the trials came nearer to what followed.
    """

    scores: pd.DataFrame
    validation: pd.DataFrame
    calibration: pd.DataFrame
    survival: pd.DataFrame | None
    model: AdditiveClassifier
    scheme: str
    known: Known
    is_levelled: bool

    @property
    def auc(self) -> float:
        """Chance that who left was scored above who stayed; mean over trials."""
        return float(self.validation.auc.mean())

    @property
    def error(self) -> float:
        """Mean distance of chance and outcome over tenths (ECE); mean over trials."""
        return float(self.validation.error.mean())


def churn(
    frame: pd.DataFrame,
    label: str = "",
    *,
    id: str = "",
    time: str = "",
    tenure: str = "",
    amount: str = "",
    as_of: date | str | None = None,
    horizon_days: int = 0,
    known_before: Sequence[str] = (),
    validation: str = "auto",
    repeats: int = 3,
    seed: int = 0,
) -> Churn:
    """Chance of each customer to leave, with its reasons, the money at risk and how good such chances are.

    Parameters
    ----------
    frame
        One row a customer, or one a customer and day.  Each column but those named here is a feature; texts are
        categories, dates are days before the row's own day.
    label
        Column that says who left: yes/no, 1/0, 是/否; empty where it is not known yet, which rows are scored only.
        Found by itself where it is called churn, churned, cancelled, 流失 ….
    id, time
        Columns of the customer, and of the day (or period) on which the row was known; found by themselves where clear.
        `time` orders rows and is no feature.
    tenure, amount
        Columns of how long a customer has been there, and of what it pays (minor units, or any one unit).
    as_of
        The day of the scores: no row may be of a later day, no feature may hold a later date.
    horizon_days
        Days within which the label says that one left.  So much lies between what a trial learns from and what it foretells,
        and rows whose horizon is not over on `as_of` teach nothing.
    known_before
        Columns that look like leaks and were truly known on the row's day.
    validation
        `auto`: out of time where rows carry time, else repeated folds.  `random` is refused for rows in time.
    repeats, seed
        Of the folds.

    Raises
    ------
    DataError
        If a column leaks (equal or nearly equal to the label, filled for leavers only, dated after the row's day), if random
        folds are asked for rows in time, or if fewer than 20 left or stayed.

    Notes
    -----
    The model is `AdditiveClassifier`: log odds are a sum over columns, so the reasons of a score add up to it.
    Amounts at risk are chances times amounts: nobody says that a call would save them.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> n = 600
    >>> frame = pd.DataFrame({"contract": rng.choice(["month", "year"], n), "months": rng.integers(1, 60, n)})
    >>> odds = np.where(frame.contract == "month", 0.5, -2.0) - frame.months / 40
    >>> frame["churned"] = rng.random(n) < 1 / (1 + np.exp(-odds))
    >>> found = churn(frame, "churned", tenure="months", repeats=1)
    >>> found.scheme, bool(found.auc > 0.7), {reason.column for reason in found.scores.reasons.iloc[0]} == {"contract", "months"}
    ('random', True, True)
    """
    if validation not in SCHEMES:
        raise DataError(f"validation={validation!r}: {nearest(validation, SCHEMES)}")
    for name in (tenure, amount, *known_before):
        if name and name not in frame:
            raise DataError(f"There is no column {name!r}: {nearest(name, map(str, frame.columns))}")
    known = churn_frame.read(frame, label, id=id, time=time, as_of=as_of, horizon_days=horizon_days)
    _enough(known)
    rows = np.flatnonzero(known.labelled)
    left = known.left.to_numpy()[rows].astype(np.int64)
    _refuse_folds(known, validation)
    own_day = None if known.own_day is None else known.own_day.iloc[rows]
    refuse_leaks(known.raw.iloc[rows], left, own_day, known_before)
    if not known.X.shape[1]:
        raise DataError("No column is left that could tell who leaves.")
    scheme, trials = _trials(known, rows, left, horizon_days, validation, repeats, seed)
    when = None if scheme != "out_of_time" or known.when is None else known.when.iloc[rows].to_numpy()
    X = known.X.iloc[rows]
    as_fitted = _tried(X, left, trials, None)
    levelled = as_fitted if when is None else _tried(X, left, trials, when)
    is_levelled = levelled[0].error.mean() < as_fitted[0].error.mean()
    found, tested = levelled if is_levelled else as_fitted
    model = _fitted(X, left, when if is_levelled else None)
    return Churn(
        _scores(known, model, frame[amount] if amount else None), found, tested,
        survival(*_tenures(frame[tenure], known, rows)) if tenure else None, model, scheme, known, bool(is_levelled),
    )  # fmt: skip


def _tenures(values: pd.Series, known: Known, rows: NDArray[np.intp]) -> tuple[pd.Series, pd.Series]:
    """Tenure and outcome of each customer, of its last row."""
    table = pd.DataFrame(
        {"id": known.ids, "tenure": pd.to_numeric(values, errors="coerce"), "left": known.left}
    ).iloc[rows]
    table = table.sort_values("tenure", kind="stable").groupby("id").agg({"tenure": "last", "left": "last"})
    return table.tenure, table.left


def _enough(known: Known) -> None:
    n_left, n_stayed = int((known.left == 1).sum()), int((known.left == 0).sum())
    if min(n_left, n_stayed) < _LEAST:
        raise DataError(
            f"{n_left} customers left and {n_stayed} stayed; at least {_LEAST} of each are needed to tell them apart."
        )


def _refuse_folds(known: Known, validation: str) -> None:
    if validation == "random" and known.when is not None:
        raise DataError(
            f"Random folds are refused: the rows carry time ({known.day}), and folds would foretell the past from the future, which"
            " flatters. Leave validation as it is; the model is then tried on later rows than it has seen."
        )
    if validation == "out_of_time" and known.when is None:
        raise DataError(
            "No column orders the rows in time; name it, churn(frame, time=…), or leave validation as it is."
        )


def _trials(
    known: Known,
    rows: NDArray[np.intp],
    left: NDArray[np.int64],
    horizon: int,
    validation: str,
    repeats: int,
    seed: int,
) -> tuple[str, list[list[tuple[object, Split]]]]:
    """Name of the scheme; trials, each a list of what is learnt from and what is foretold."""
    if known.when is not None and validation != "random":
        splits = list(forward(known.when.iloc[rows], left, horizon))
        if not splits:
            raise DataError(
                f"The rows cannot be tried out of time: no stretch of {known.day} has enough that left and stayed before and in it."
            )
        return "out_of_time", [[split] for split in splits]
    customers = pd.factorize(known.ids.iloc[rows])[0]
    again = len(np.unique(customers)) < len(customers)
    make: Callable[[int], StratifiedKFold | StratifiedGroupKFold]
    if again:
        make = lambda n: StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed + n)  # noqa: E731
    else:
        make = lambda n: StratifiedKFold(FOLDS, shuffle=True, random_state=seed + n)  # noqa: E731
    made: list[list[tuple[object, Split]]] = [
        [(n, split) for split in make(n).split(left, left, customers if again else None)]
        for n in range(repeats)
    ]
    return ("by_customer" if again else "random"), made


def forward(
    when: pd.Series, left: NDArray[np.int64], horizon_days: int = 0
) -> Iterator[tuple[object, Split]]:
    """Last moment known, rows learnt from and rows foretold, of each stretch of time; rows of one moment stay together.

    Labels of the rows learnt from are known before the stretch begins: theirs end `horizon_days` earlier.
    """
    moments = when.to_numpy()
    order = np.sort(moments)
    cuts = [
        order[min(int(len(order) * share), len(order) - 1)]
        for share in np.linspace(_FIRST_TAUGHT, 1, _STRETCHES + 1)[:-1]
    ]
    edges = np.unique(np.array([cut for cut in cuts if cut > order[0]], dtype=order.dtype))
    if not len(edges):
        edges = np.unique(order)[-1:]
    for place, start in enumerate(edges):
        is_later = moments >= start
        if place + 1 < len(edges):
            is_later &= moments < edges[place + 1]
        gap = np.timedelta64(horizon_days, "D") if order.dtype.kind == "M" else 0
        is_earlier = moments < start if not horizon_days or not gap else moments + gap < start
        if (
            min(left[is_earlier].sum(), (1 - left[is_earlier]).sum()) < _LEAST
            or len(np.unique(left[is_later])) < 2
        ):
            continue
        last = when[is_earlier].max()
        yield last, (np.flatnonzero(is_earlier), np.flatnonzero(is_later))


def _fitted(X: pd.DataFrame, left: NDArray[np.int64], when: NDArray[Any] | None) -> AdditiveClassifier:
    """The model of these rows; where `when` is given, at the level of the latest of them."""
    model = AdditiveClassifier().fit(X, left)
    if when is None:
        return model
    latest = when >= np.sort(when)[int(len(when) * (1 - _LATEST))]
    return model.at_level_of(X[latest], left[latest])


def _tried(
    X: pd.DataFrame,
    left: NDArray[np.int64],
    trials: list[list[tuple[object, Split]]],
    when: NDArray[Any] | None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    told, total, times = [], np.zeros(len(X)), np.zeros(len(X))
    for trial in trials:
        scored, rows = np.zeros(len(X)), np.concatenate([b for _, (_, b) in trial])
        for _, (a, b) in trial:
            model = _fitted(X.iloc[a], left[a], None if when is None else when[a])
            scored[b] = model.predict_proba(X.iloc[b])[:, 1]
        chance, outcome = scored[rows], left[rows]
        told.append(
            {
                "until": trial[0][0],
                "auc": float(roc_auc_score(outcome, chance)),
                "error": expected_calibration_error(chance, outcome == 1),
                "brier": float(np.mean((chance - outcome) ** 2)),
                "n": len(outcome),
                "n_left": int(outcome.sum()),
            }
        )
        total[rows] += chance
        times[rows] += 1
    seen = times > 0  # a row that was foretold in several repeats is one row still
    return pd.DataFrame(told), tenths(total[seen] / times[seen], left[seen] == 1)


def _scores(known: Known, model: AdditiveClassifier, amount: pd.Series | None) -> pd.DataFrame:
    """Of customers that have not left, of the last row of each."""
    place = np.flatnonzero((known.left != 1).to_numpy())
    if known.when is not None:
        last = known.when.groupby(known.ids.to_numpy()).transform("max")
        place = np.flatnonzero(((known.left != 1) & (known.when == last)).to_numpy())
        gone = set(known.ids[(known.left == 1) & (known.when == last)])
        place = np.array([p for p in place if known.ids.iloc[p] not in gone], dtype=int)
    X = known.X.iloc[place]
    parts = model.contributions(X)
    chance = 1 / (1 + np.exp(-(parts.to_numpy().sum(axis=1) + model.base_)))
    frame = pd.DataFrame(
        {"chance": chance, "reasons": _reasons(parts, X)},
        index=pd.Index(known.ids.iloc[place], name=known.ids.name),
    )
    if amount is not None:
        money = pd.to_numeric(amount.iloc[place], errors="coerce").to_numpy(dtype=float)
        frame = frame.assign(amount=money, at_risk=chance * money)
    return frame.sort_values("at_risk" if amount is not None else "chance", ascending=False, kind="stable")


def _reasons(parts: pd.DataFrame, X: pd.DataFrame) -> list[tuple[Reason, ...]]:
    values, names = parts.to_numpy(), list(parts.columns)
    strongest = np.argsort(-values, axis=1, kind="stable")[:, :MOST_REASONS]
    return [
        tuple(
            Reason(str(names[c]), X.iat[row, c], float(values[row, c]))
            for c in own
            if values[row, c] > _TELLS
        )
        for row, own in enumerate(strongest)
    ]
