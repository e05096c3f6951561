"""Spiffs, contests and awards once more, in fractions, one person at a time; nothing shared with the library."""

from __future__ import annotations

from fractions import Fraction

import pandas as pd

from tests.incentives.reference import rounded

# ---- spiffs ----


def spiff_pay(spiff, lines, rounding, minor=100, parts=1000):
    """(payee, order, line, kind, day) → pay."""
    window = spiff.window
    sold = [
        line
        for line in lines
        if line["amount"] > 0
        and line["credited_on"] >= window.start
        and (window.end is None or line["credited_on"] <= window.end)
    ]
    orders = {(line["payee"], line["order_id"]) for line in sold}
    back = [line for line in lines if line["amount"] < 0 and (line["payee"], line["order_id"]) in orders]
    left = None if spiff.budget is None else Fraction(spiff.budget) * minor
    units, paid, found = {}, {}, {}
    every = sorted(sold + back, key=key)
    due = {}
    for line in every:
        counts = line["amount"] if line["order_amount"] >= Fraction(spiff.min_deal) * minor else 0
        before = units.get(line["payee"], 0)
        units[line["payee"]] = before + counts
        worth = [
            rounded(Fraction(u, parts) * Fraction(spiff.per_unit) * minor, rounding)
            for u in (before, before + counts)
        ]
        due[key(line)] = worth[1] - worth[0]
    for day in sorted({line["credited_on"] for line in every}):
        today = [line for line in every if line["credited_on"] == day]
        sales = [line for line in today if line["amount"] > 0]
        wanted = sum(due[key(line)] for line in sales)
        share = spiff.tie == "shared" and left is not None and wanted > left
        purse, upto = left, 0
        for line in sales:
            own = due[key(line)]
            if left is None:
                pay = own
            elif share:
                pay = int(purse * (upto + own) / wanted) - int(purse * upto / wanted)
            else:
                pay = min(own, int(left))
            upto += own
            found[key(line)] = pay
            order = (line["payee"], line["order_id"])
            paid[order] = paid.get(order, 0) + pay
            left = None if left is None else left - pay
        for line in today:
            if line["amount"] < 0:
                order = (line["payee"], line["order_id"])
                taken = min(-due[key(line)], paid.get(order, 0))
                found[key(line)] = -taken
                paid[order] = paid.get(order, 0) - taken
                left = None if left is None else left + taken
    return found


def key(line):
    return tuple(line[name] for name in ("credited_on", "order_id", "line_id", "kind", "payee"))


# ---- contests and awards ----


def value(standings, payee, by):
    person = next(row for row in standings.people.itertuples() if row.payee == payee)
    done = sum(int(row.done) for row in standings.daily.itertuples() if row.payee == payee)
    if by == "value":
        return Fraction(done, standings.parts)
    if person.asked > 0:
        return Fraction(done, int(person.asked))
    return {"undefined": None, "zero": Fraction(0), "full": Fraction(1)}[standings.zero_quota]


def there_on(standings, payee):
    """First day on which the running total is the last one, or more."""
    own = [(row.day, int(row.done)) for row in standings.daily.itertuples() if row.payee == payee]
    whole = sum(done for _, done in own)
    days = sorted({day for day, _ in own})
    return next((day for day in days if sum(done for d, done in own if d <= day) >= whole), None)


def contest_places(contest, standings, minor=100):
    """payee → (place, people on it, exact prize in minor units)."""
    values = {payee: value(standings, payee, contest.rank_by) for payee in standings.people.payee}
    running = {payee: one for payee, one in values.items() if one is not None and one > 0}
    found = {}
    for payee, own in running.items():

        def is_ahead(other, payee=payee, own=own):
            if running[other] != own:
                return running[other] > own
            days = there_on(standings, other), there_on(standings, payee)
            return contest.tie == "first" and str(days[0]) < str(days[1])

        def is_level(other, payee=payee, own=own):
            return running[other] == own and not is_ahead(other) and not behind(other, payee)

        def behind(other, payee):
            days = there_on(standings, other), there_on(standings, payee)
            return contest.tie == "first" and str(days[0]) > str(days[1])

        place = 1 + sum(is_ahead(other) for other in running)
        tied = sum(is_level(other) for other in running)
        prizes = [
            Fraction(prize.cash) * minor
            for rank in range(place, place + tied)
            for prize in contest.prizes
            if prize.rank == rank
        ]
        best = [Fraction(prize.cash) * minor for prize in contest.prizes if prize.rank == place]
        exact = sum(best) if contest.tie == "each" else sum(prizes, Fraction(0)) / tied
        found[payee] = (place, tied, exact)
    return found


def served_long(tenure, least):
    return tenure is not pd.NA and tenure >= least


def award_winners(award, standings):
    people = {row.payee: row for row in standings.people.itertuples()}
    values = {payee: value(standings, payee, "attainment") for payee in people}
    fit = [
        payee
        for payee, row in people.items()
        if row.stays
        and values[payee] is not None
        and values[payee] >= Fraction(award.attainment_min)
        and (award.tenure_months_min == 0 or served_long(row.tenure, award.tenure_months_min))
    ]

    def first(candidates, n):
        kept = set()
        for payee in candidates:
            ahead = sum(values[other] > values[payee] for other in candidates)
            level = sum(values[other] == values[payee] for other in candidates)
            if ahead + level <= n or (ahead < n and award.tie == "all_win"):
                kept.add(payee)
        return kept

    kept = set()
    for role in {row.role for row in people.values()}:
        size = sum(row.stays for row in people.values() if row.role == role)
        n = int(Fraction(str(award.top_share)) * size)
        kept |= first([payee for payee in fit if people[payee].role == role], n)
    return kept if award.heads is None else first(sorted(kept), award.heads)
