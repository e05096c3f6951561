"""What differs between two versions of a policy, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesops_lib.policy import Change, changes, succession
from salesops_lib.policy.changes import Entry
from salesops_lib.policy.outline import is_value, row
from salesops_lib.policy.values import Block, Named, Text
from salesops_lib.reporting.policy_words import Clerk

if TYPE_CHECKING:
    from salesops_lib.policy import Policy


def tell_changes(old: Policy, new: Policy, lang: str) -> list[str]:
    """Lines for a reader: what changed by section, whether pay can change, what does not fit between the versions.

    Examples
    --------
    >>> from salesops_lib.policy import load
    >>> policy = load(None)
    >>> tell_changes(policy, policy, "en")
    ['Default sales policy: 1.0.0 → 1.0.0', 'Nothing differs.']
    """
    teller = _Teller(Clerk(old, lang), Clerk(new, lang))
    word = teller.new.word
    found = changes(old, new)
    lines = [
        word("policy.changes.head", title=getattr(new.metadata.title, lang), old=old.version, new=new.version)
    ]
    section = ""
    for change in found:
        name = change.rule.partition(".")[0]
        if name != section:
            lines.append(teller.new.name(name))
            section = name
        lines.append(f"  {teller.tell(change)}{word('policy.changes.pay') if change.can_change_pay else ''}")
    paid = sum(change.can_change_pay for change in found)
    if not found:
        lines.append(word("policy.changes.none"))
    else:
        lines.append(
            word("policy.changes.pay_can", n=paid, total=len(found))
            if paid
            else word("policy.changes.pay_cannot")
        )
    return lines + [word(f"policy.changes.{notice.id}", **notice.values) for notice in succession(old, new)]


class _Teller:
    """Says changes with the names of the version that each side comes from."""

    def __init__(self, old: Clerk, new: Clerk) -> None:
        self.old, self.new = old, new

    def tell(self, change: Change) -> str:
        sides = [(self.old, change.old), (self.new, change.new)]
        if change.entries and (
            change.entries[-1].table != change.rule or isinstance(change.new or change.old, Block)
        ):
            return self._entry(change, sides)
        if (
            isinstance(change.new, tuple)
            and isinstance(change.old, tuple)
            and set(change.new) == set(change.old)
        ):
            before, now = (clerk.say(side, "name") for clerk, side in sides)
            return self.new.word(
                "policy.changes.order", name=self.new.name(change.rule), before=before, now=now
            )
        before, now = (_sentence(clerk, change.rule, side) for clerk, side in sides)
        return self._both("changed", before, now)

    def _entry(self, change: Change, sides: list[tuple[Clerk, Any]]) -> str:
        """A value of an entry, or a whole entry that is new or gone."""
        clerk, side = sides[0] if change.new is None else sides[1]
        colon, comma = ("：", "，") if clerk.lang == "zh" else (": ", ", ")
        labels = [clerk.name(change.entries[0].table), *(_label(clerk, entry) for entry in change.entries)]
        where = comma.join(labels)
        if change.new is None or change.old is None:
            is_whole = isinstance(side, Block) and not isinstance(side, Text)
            what = (
                _whole(clerk, change.rule, side) if is_whole else clerk.rule(change.rule, side, _row(change))
            )
            said = where + colon + what if what else where
            return self._both("cell", *((said, "") if change.new is None else ("", said)))
        heading, template = clerk.column(change.rule)
        if heading:
            before, now = (speaker.cell(template, value, _row(change)) for speaker, value in sides)
            return where + colon + heading + colon + self._both("cell", before, now)
        before, now = (speaker.rule(change.rule, value) for speaker, value in sides)
        return where + colon + self._both("changed", before, now)

    def _both(self, how: str, before: str, now: str) -> str:
        if not before or not now:
            return self.new.word(f"policy.changes.{'added' if now else 'removed'}", what=now or before)
        if now == before:
            return self.new.word("policy.changes.other_language", now=now)
        return self.new.word(f"policy.changes.{how}", now=now, before=before)


def _sentence(clerk: Clerk, rule: str, value: Any) -> str:
    return "" if value in (None, (), "") else clerk.rule(rule, value)


def _row(change: Change) -> dict[str, Any]:
    """The other values of the entry that changed, and of those around it."""
    found: dict[str, Any] = {}
    for entry in change.entries:
        found |= row(entry.item) if isinstance(entry.item, Block) else {}
    return found


def _label(clerk: Clerk, entry: Entry) -> str:
    """What an entry is called: its name, or the value that it is known by."""
    if isinstance(entry.item, Named):
        return str(getattr(entry.item, clerk.lang))
    template = (
        clerk.column(f"{entry.table}.{entry.field}")[1] if entry.field not in ("", "id") else "{value:text}"
    )
    return clerk.cell(template, entry.key, {})


def _whole(clerk: Clerk, path: str, block: Block) -> str:
    """All that an entry says: its sentence, or its cells with their headings."""
    fields = row(block)
    said = clerk.entry(path, fields)
    if said:
        return said
    rules = [
        clerk.rule(f"{path}.{name}", value, fields)
        for name, value in fields.items()
        if value is not block and value not in (None, (), "") and is_value(value)
    ]
    return ("；" if clerk.lang == "zh" else "; ").join(rule.rstrip(".。") for rule in rules if rule)
