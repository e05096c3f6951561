"""The odds of the open deals, how they were chosen, and how far they can be trusted (M3.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.pipeline.as_of import missing
from salesops_lib.pipeline.out_of_time import MODEL, PRIORS, Chosen, choose
from salesops_lib.pipeline.seen import Seen, day_of, seen

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.workspace import Workspace


@dataclass(frozen=True)
class Odds:
    """What was seen up to `day`, the odds chosen, and those of the open deals by id (`now`)."""

    day: date
    known: Seen
    chosen: Chosen
    now: pd.Series


def odds(ws: Workspace) -> Odds | None:
    """Odds of the deals open on the day; None where the data hold no deals with stages."""
    if missing(ws) or ws.facts.missing("deals.created_on"):
        return None
    day = day_of(ws)
    known = seen(ws, day)
    chosen = choose(known.past, pd.Timestamp(day), ws.policy.process)
    now = chosen.odds(known.now) if len(known.now) else np.empty(0)
    return Odds(
        day, known, chosen, pd.Series(now, index=pd.Index(known.now.deal, name="opportunity_id"), name="odds")
    )


def weighted(ws: Workspace, found: Odds) -> Exhibit | Missing:
    """Open deals by stage at the policy's odds and at the odds in use; one row a stage."""
    now = found.known.now
    if now.empty or "stage" not in now:
        return Missing(
            "weighted_pipeline",
            ("opportunities",),
            "note.no_open_deals" if now.empty else "note.stage_history",
        )
    stages = {s.id: s for s in ws.policy.process.stages}
    own = now.assign(
        odds=found.now.to_numpy(), prior=now.stage.map({i: s.p_prior for i, s in stages.items()})
    )
    own = own.assign(by_odds=own.amount * own.odds, by_prior=own.amount * own.prior)
    frame = own.groupby("stage", dropna=False).agg(
        n=("deal", "size"), amount=("amount", "sum"), prior=("prior", "first"), by_prior=("by_prior", "sum"),
        odds=("odds", "mean"), by_odds=("by_odds", "sum"),
    ).reset_index(names="step")  # fmt: skip
    rank = frame.step.map({i: s.rank for i, s in stages.items()}).fillna(50)
    frame = frame.assign(rank=rank).sort_values(["rank", "step"], ignore_index=True).drop(columns="rank")
    values = {
        "n": len(now),
        "amount": now.amount.sum(),
        "weighted": frame.by_odds.sum(),
        "prior": frame.by_prior.sum(),
    }
    values["wins"] = own.odds.sum()
    lead = "priors" if found.chosen.name == PRIORS else "odds"
    if not values["amount"]:
        lead = "number"
    money = dict.fromkeys(("amount", "by_prior", "by_odds"), "money")
    return Exhibit(
        "weighted_pipeline", "table", frame, metric="calibrated_pipeline", findings=(Finding(f"weighted_pipeline.{lead}", values, "calibrated_pipeline"),),
        units={**money, "n": "count", "prior": "ratio", "odds": "ratio"}, sources=("opportunities", "opportunity_changes"),
        notes=_notes(found),
    )  # fmt: skip


def calibration(ws: Workspace, found: Odds) -> tuple[Exhibit | Missing, ...]:
    """Odds against what came, out of time: one row a tenth of the odds; and how all candidates did, one row each."""
    chosen = found.chosen
    if chosen.name == PRIORS:
        needed = ws.policy.process.odds.min_deals
        why = "note.odds_few" if chosen.n_decided < needed else "note.odds_short"
        return (Missing("odds_calibration", ("opportunities",), why),)
    reliability = chosen.reliability
    frame = pd.DataFrame(
        {
            "label": [f"{10 * tenth - 10}–{10 * tenth} %" for tenth in reliability.index],
            "value": reliability.share, "low": reliability.low, "high": reliability.high, "n": reliability.n, "base": reliability.odds,
        }
    )  # fmt: skip
    limit = ws.policy.process.odds.calibration_error_max
    kept = chosen.ece <= limit
    values = {"error": chosen.ece, "limit": limit, "n": int(chosen.scores.n.iloc[0])}
    first = Finding(
        f"odds_calibration.{'kept' if kept else 'missed'}",
        values,
        "odds_calibration_error",
        "good" if kept else "bad",
    )
    plot = Exhibit(
        "odds_calibration", "intervals", frame, metric="deal_odds", findings=(first,), units={"n": "count"},
        sources=("opportunities", "opportunity_changes"), notes=(Finding("note.odds_out_of_time"),),
    )  # fmt: skip
    return plot, _race(chosen)


def _race(chosen: Chosen) -> Exhibit:
    scores = chosen.scores.rename(
        columns={"name": "candidate", "low": "brier_low", "high": "brier_high", "ece": "calibration_error"}
    )
    by_name = chosen.scores.set_index("name")
    model, priors = by_name.loc[MODEL], by_name.loc[PRIORS]
    values = {
        "gain": model.gain / by_name.brier["stages"], "low": model.gain_low / by_name.brier["stages"],
        "high": model.gain_high / by_name.brier["stages"], "n": int(model.n),
    }  # fmt: skip
    better = 1 - by_name.brier[chosen.name] / priors.brier
    than_priors = Finding(
        "odds_race.priors" if better >= 0 else "odds_race.priors_better", {"better": better, "worse": -better}
    )
    signal = Finding(f"odds_race.{'signal' if chosen.has_signal else 'no_signal'}", values, "odds_brier")
    scores["candidate"] = [Finding("value.label", {"value": f"odds_{name}"}) for name in scores.candidate]
    shown = scores[
        [
            "candidate",
            "brier",
            "brier_low",
            "brier_high",
            "calibration_error",
            "gain",
            "gain_low",
            "gain_high",
        ]
    ]
    return Exhibit(
        "odds_race", "table", shown, metric="odds_brier", findings=(signal, than_priors),
        units=dict.fromkeys(shown.columns[1:], "rate") | {"candidate": "text", "calibration_error": "ratio"}, sources=("opportunities", "opportunity_changes"),
        notes=(Finding("note.odds_race", {"used": f"odds_{chosen.name}"}),),
    )  # fmt: skip


def _notes(found: Odds) -> tuple[Finding, ...]:
    notes = []
    unpriced = int(found.known.now.amount.isna().sum())
    if unpriced:
        notes.append(Finding("note.deals_unpriced", {"n": unpriced}))
    if found.known.left_out:
        notes.append(Finding("note.odds_left_out", {"fields": list(found.known.left_out)}))
    if found.known.share < 1:
        notes.append(Finding("note.odds_sampled", {"share": found.known.share}))
    return tuple(notes)
