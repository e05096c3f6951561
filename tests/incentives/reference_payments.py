"""A second engine of payments, in fractions, that reads like the text of a policy.

One line, one statement and one person at a time; nothing shared with the library but the policy's
own blocks.  Slow on purpose: it is what the fast engine must equal to the minor unit.
"""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from functools import cache

from tests.incentives.reference import rounded

UNIT = ("payee", "plan", "component", "order_id", "line_id")


class Reference:
    def __init__(self, dues, payments, rules):
        self.payments, self.rules, self.minor = payments, rules, dues.minor
        self.statements = list(dues.statements)
        self.people = dues.people.to_dict("records")
        self.progress = dues.progress.to_dict("records")
        self.waits = dues.holds.to_dict("records")
        self.losses = dues.losses.to_dict("records")
        self.earned = self.merged(dues.earned.to_dict("records"))
        self.cap()
        self.line = cache(self.line)

    def round(self, exact):
        return rounded(Fraction(exact), self.rules.rounding)

    # ---- earned, and what caps keep of it ----

    @staticmethod
    def merged(rows):
        """Movements that nothing tells apart are one."""
        keys = ("payee", "at", "credited_on", "plan", "component", "order_id", "line_id", "kind")
        found = {}
        for row in rows:
            key = tuple(row[name] for name in keys)
            found[key] = found.get(key, 0) + int(row["amount"])
        return [dict(zip(keys, key, strict=True)) | {"amount": found[key]} for key in sorted(found)]

    def cap(self):
        for row in self.earned:
            row |= {"kept": row["amount"], "forfeited": 0, "withheld": 0, "cap": ""}
        for scope in ("deal", "person_year"):
            for cap in self.payments.caps:
                if cap.scope == scope:
                    self.apply(cap)

    def apply(self, cap):
        """Keep of the running total what is below the cap, movement after movement."""
        running, kept_so_far = {}, {}
        for row in self.earned:
            if cap.scope == "deal" and not row["order_id"]:
                continue
            group = (
                row["payee"],
                row["order_id"] if cap.scope == "deal" else self.statements[row["at"]].year,
            )
            running[group] = running.get(group, 0) + row["kept"]
            allowed = min(running[group], self.most(cap, row))
            kept = allowed - kept_so_far.get(group, 0)
            kept_so_far[group] = allowed
            if kept != row["kept"]:
                row["cap"] = scope_name = cap.scope
                assert scope_name in ("deal", "person_year")
            row[cap.excess] += row["kept"] - kept
            row["kept"] = kept

    def most(self, cap, row):
        if cap.amount is not None:
            return int(cap.amount * self.minor)
        target = self.target(row["payee"], row["at"])
        return float("inf") if target is None else int(Fraction(cap.times_target) * target // 1)

    def target(self, payee, at):
        """The last target that is known at a statement; None where there never was one."""
        own = [p for p in self.people if p["payee"] == payee and p["at"] <= at]
        return int(max(own, key=lambda p: p["number"])["target"]) if own else None

    # ---- one line ----

    def day(self, payee, at):
        """The day on which a statement looks at a line: its end, or the last day on which a leaver is paid."""
        end = self.statements[at].end
        left = self.left(payee)
        return end if left is None else min(end, left + timedelta(days=self.payments.leaver_days))

    def left(self, payee):
        days = [p["left_on"] for p in self.people if p["payee"] == payee]
        return days[-1] if days and days[-1] is not None and days[-1] == days[-1] else None

    def line(self, unit):
        """Where a line's pay to date is, statement by statement."""
        rows = [row for row in self.earned if tuple(row[name] for name in UNIT) == unit]
        payee, _, component, order, line_id = unit
        first_at = min(row["at"] for row in rows)
        found, released = [], 0
        for at, statement in enumerate(self.statements):
            upto = [row for row in rows if row["at"] <= at]
            day = self.day(payee, at)
            kept = sum(row["kept"] for row in upto)
            lost = self.lost(rows, order, line_id, at, kept) - self.stays(upto)
            right = kept - lost
            due = self.round(right * self.share_due(component, order, day, first_at, upto))
            hold = self.hold(order, day)
            released = min(released, due) if hold else due
            is_over = day < statement.end
            rest, held = right - due, due - released
            found.append({
                "earned": sum(row["amount"] for row in upto), "forfeited": sum(row["forfeited"] for row in upto),
                "withheld": sum(row["withheld"] for row in upto), "clawed_back": lost,
                "lapsed": rest + held if is_over else 0, "waiting": 0 if is_over else rest,
                "held": 0 if is_over else held, "released": released,
                "fallen": sum(-row["kept"] for row in upto if row["kind"] == "return"),
            })  # fmt: skip
        return found

    def rule(self, event, day, first_credit):
        for rule in self.payments.clawbacks:
            if rule.event == event and timedelta(0) <= day - first_credit <= timedelta(days=rule.within_days):
                return rule
        return None

    @staticmethod
    def first_credit(rows, at):
        """The first day of credit, as far as it was known at a statement, or when there first was pay."""
        known = max(at, min(row["at"] for row in rows))
        return min(row["credited_on"] for row in rows if row["at"] <= known)

    def lost(self, rows, order, line_id, at, kept):
        """Pay that is lost although attainment stays; returns that the measure counts are not taken twice."""
        share = Fraction(0)
        for loss in self.losses:
            if loss["order_id"] != order or loss["line_id"] not in ("", line_id) or not order:
                continue
            if loss["day"] > self.statements[at].end:
                continue
            when = next(n for n, statement in enumerate(self.statements) if loss["day"] <= statement.end)
            first_credit = self.first_credit(rows, when)
            known = max(when, min(row["at"] for row in rows))
            counted = {r["credited_on"] for r in rows if r["kind"] == "return" and r["at"] <= known}
            if loss["event"] == "returned" and counted & {loss["day"], first_credit}:
                continue
            rule = self.rule(loss["event"], loss["day"], first_credit)
            if rule is None or rule.attainment == "reduce":
                continue
            part, whole = {
                "full": ("lost", "lines"), "remaining_term": ("left", "term"), "unpaid_share": ("unpaid", "due"),
            }[rule.amount]  # fmt: skip
            if loss[whole]:
                share += Fraction(int(loss[part]), int(loss[whole])) * Fraction(rule.share)
        return self.round(max(kept, 0) * min(share, 1))

    def stays(self, rows):
        """Pay that stays although a return reduced what is earned."""
        fallen, asked = 0, Fraction(0)
        for row in rows:
            if row["kind"] == "return":
                rule = self.rule("returned", row["credited_on"], self.first_credit(rows, row["at"]))
                fallen += -row["kept"]
                asked += -row["kept"] * (Fraction(rule.share) if rule else 1)
        return fallen - self.round(asked)

    def share_due(self, component, order, day, first_at, upto):
        own = [rule for rule in self.payments.release if component in rule.components]
        rest = [rule for rule in self.payments.release if not rule.components]
        is_closed = self.statements[first_at].end <= day
        chosen = (own + rest)[:1]
        if not chosen:
            return Fraction(int(is_closed))
        expected = self.amount(order, "expected", day)
        due = Fraction(0)
        for part in chosen[0].schedule:
            if part.event == "booking":
                done = Fraction(1)
            elif part.event == "period_close":
                done = Fraction(int(is_closed))
            elif part.event == "clawback_over":
                done = Fraction(int(not order or self.cannot_be_lost(upto, day)))
            elif expected <= 0:
                done = Fraction(1)
            else:
                done = Fraction(min(max(self.amount(order, part.event, day), 0), expected), expected)
            due += Fraction(part.share) * done
        return due

    def cannot_be_lost(self, rows, day):
        """Whether every clawback's days since the first credit are over."""
        first = min((row["credited_on"] for row in rows), default=day)
        return all(day - first > timedelta(days=rule.within_days) for rule in self.payments.clawbacks)

    def amount(self, order, event, day):
        known = [
            p for p in self.progress if p["order_id"] == order and p["event"] == event and p["day"] <= day
        ]
        return int(max(known, key=lambda p: p["day"])["amount"]) if known else 0

    def hold(self, order, day):
        for wait in self.waits:
            if wait["order_id"] != order:
                continue
            longest = self.payments.holds[int(wait["rule"])].max_days
            last = wait["first_day"] + timedelta(days=longest - 1)
            if wait["last_day"] is not None and wait["last_day"] == wait["last_day"]:
                last = min(last, wait["last_day"])
            if wait["first_day"] <= day <= last:
                return True
        return False

    # ---- one person ----

    def person(self, payee):
        """What each statement pays, and what it says of advances."""
        units = sorted({tuple(row[name] for name in UNIT) for row in self.earned if row["payee"] == payee})
        lines = [self.line(unit) for unit in units]
        owed, balances, own_pay, found = 0, {draw.id: 0 for draw in self.payments.draws}, {}, []
        for at in range(len(self.statements)):
            released = asked = 0
            for line in lines:
                now = line[at]
                before = line[at - 1] if at else dict.fromkeys(now, 0)
                change = now["released"] - before["released"]
                fell = (now["fallen"] - before["fallen"]) + (now["clawed_back"] - before["clawed_back"])
                released += change
                asked += min(max(-change, 0), max(fell, 0))
            found.append(self.statement(payee, at, released, asked, owed, balances, own_pay))
            owed = found[-1]["carried_back"]
        return found

    def statement(self, payee, at, released, asked, owed, balances, own_pay):
        pay = released + asked
        if pay < 0:
            asked, pay = asked - pay, 0
        limit = self.payments.clawback_limit
        most = pay if limit is None else int(pay * Fraction(str(limit)) // 1)
        taken = min(owed + asked, most)
        carried = owed + asked - taken
        good = pay - taken

        months = sorted(
            (p for p in self.people if p["payee"] == payee and p["at"] == at), key=lambda p: p["number"]
        )
        draws = {draw.id: sum(self.draw(draw, month) for month in months) for draw in self.payments.draws}
        draw_of_this_month = sum(draws.values())
        lent = lacking = max(draw_of_this_month - good, 0)
        for draw in self.payments.draws:
            part = min(draws[draw.id], lacking)
            lacking -= part
            if draw.kind == "recoverable":
                balances[draw.id] += part

        asked_floor = sum(self.floor(month, own_pay) for month in months)
        above = max(good - max(draw_of_this_month, asked_floor - lent), 0)
        left, recovered, forgiven = above, 0, 0
        tenure = int(months[-1]["tenure"]) if months else 0
        for draw in self.payments.draws:
            if draw.recovery_months and tenure >= draw.recovery_from + draw.recovery_months:
                forgiven += balances[draw.id]
                balances[draw.id] = 0
            elif tenure >= draw.recovery_from:
                part = min(balances[draw.id], int(above * Fraction(draw.recovery_share) // 1), left)
                balances[draw.id] -= part
                recovered += part
                left -= part

        guarantee = max(asked_floor - (good + lent - recovered), 0)
        for month in months:
            own_pay[month["number"]] = Fraction(good, len(months))
        return {
            "asked_back": asked, "taken_back": taken, "carried_back": carried, "draw": lent, "recovered": recovered,
            "forgiven": forgiven, "draw_open": sum(balances.values()), "guarantee": guarantee,
            "paid": good + lent - recovered + guarantee,
        }  # fmt: skip

    def draw(self, draw, month):
        first, last = draw.months
        if month["role"] not in draw.roles or not month["served"] or not first <= month["tenure"] <= last:
            return 0
        if draw.amount is not None:
            return int(draw.amount * self.minor)
        return self.of_target(draw.share_of_target, month)

    def of_target(self, share, month):
        served = Fraction(int(month["served"]), int(month["days"]))
        part = Fraction(1) if self.payments.absence == "none" else served
        return self.round(Fraction(int(month["target"]), 12) * Fraction(share) * part)

    def floor(self, month, own_pay):
        """The least that a month pays."""
        floor = 0
        for guarantee in self.payments.guarantees:
            since = int(month["tenure"] if guarantee.event == "hire" else month["moved"])
            if not month["served"] or not 1 <= since <= guarantee.months:
                continue
            if guarantee.of == "target":
                floor = max(floor, self.of_target(guarantee.share, month))
                continue
            began = month["number"] - since + 1
            before = [own_pay[number] for number in range(began - 6, began) if number in own_pay]
            if before:
                floor = max(floor, self.round(sum(before) / len(before) * Fraction(guarantee.share)))
        return floor
