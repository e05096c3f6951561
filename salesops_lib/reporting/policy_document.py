"""The policy as a document that people read and sign: numbered sections, sentences, small tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from salesops_lib.policy import outline
from salesops_lib.policy.outline import NAME, Rule, Section, Table
from salesops_lib.reporting import catalogue
from salesops_lib.reporting.definitions import anchor
from salesops_lib.reporting.policy_words import NUMBERS, Clerk
from salesops_lib.reporting.sanitise import sanitise
from salesops_lib.reporting.template import Block, assemble

if TYPE_CHECKING:
    from salesops_lib.policy import Policy

#: What the document leaves out: names for machines, what the header says already, the post.
OMITTED = frozenset(
    {
        "metadata.id", "metadata.version", "metadata.title", "metadata.company", "metadata.supersedes",
        "process.stages.rank", "process.stages.synonyms", "targets.company.id", "replay.bootstrap.seed", "delivery", "tests",
        "incentives.plans.id", "incentives.contests.id",
    }
)  # fmt: skip


def render_policy(policy: Policy, lang: str, *, index: str = "") -> str:
    """The page `policy.<lang>.html`: self-contained, the same bytes for the same policy.

    Parameters
    ----------
    lang
        en or zh.
    index
        Relative address of the index of reports; no link when empty.

    Examples
    --------
    >>> from salesops_lib.policy import load
    >>> "Nothing is sold below 70% of list price." in render_policy(load(None), "en")
    True
    """
    clerk = Clerk(policy, lang)
    sections = [s for s in outline(policy) if s.path not in OMITTED]
    blocks: list[Block] = []
    for number, section in enumerate(sections, 1):
        html = _Writer(clerk, number).section(section)
        label = clerk.name(section.path)
        blocks.append({"id": anchor(section.path), "label": label, "number": number, "html": sanitise(html)})
    meta = [(clerk.word("policy.document.sha256"), policy.sha256)] if policy.sha256 else []
    title = getattr(policy.metadata.title, lang)
    return assemble(
        clerk.voice,
        title,
        sanitise(_header(policy, clerk)),
        blocks,
        styles=("policy.css",),
        index=index,
        meta=meta,
    )


def _header(policy: Policy, clerk: Clerk) -> str:
    data = policy.metadata
    company = getattr(data.company, clerk.lang, "") if data.company else ""
    facts = [clerk.word("policy.document.version", version=data.version)]
    if data.supersedes:
        facts.append(clerk.word("policy.document.replaces", version=data.supersedes))
    return Markup(
        '<header class="so top"><p class="company">{}</p><h1>{}</h1><p class="period">{}</p><ul class="facts">{}</ul></header>'
    ).format(
        company,
        getattr(data.title, clerk.lang),
        clerk.say(data.effective, "span"),
        Markup("").join(Markup("<li>{}</li>").format(fact) for fact in facts),
    )


@dataclass
class _Writer:
    """Writes one section, numbering its clauses."""

    clerk: Clerk
    number: int
    clauses: int = 0

    def section(self, section: Section) -> str:
        """The section as HTML: rules without a heading of their own first."""
        name, path = self.clerk.name(section.path), anchor(section.path)
        body = Markup("").join(self._parts(section))
        return Markup(
            '<section class="so sec policy" id="s-{}"><h2><span class="no">{}</span>{}</h2>{}</section>'
        ).format(path, self.number, name, body)

    def _parts(self, section: Section) -> Iterator[Markup]:
        """Rules and tables of the section itself, then its blocks; blocks go first where one opens it."""
        loose = [part for part in section.parts if not isinstance(part, Section)]
        blocks = [part for part in section.parts if isinstance(part, Section)]
        if section.parts[0] in loose:
            yield from self._loose(loose, section.values)
        yield from self._blocks(blocks)
        if loose and section.parts[0] not in loose:
            yield Markup("<h3>{}</h3>").format(self.clerk.word("policy.document.further"))
            yield from self._loose(loose, section.values)

    def _loose(self, parts: Iterable[Rule | Table | Section], around: Mapping[str, Any]) -> Iterator[Markup]:
        """Rules and tables in order; `around` are the values of their section, which some units depend on."""
        for part in parts:
            if isinstance(part, Table):
                yield from self._table(part, around)
            elif (
                isinstance(part, Rule)
                and part.path not in OMITTED
                and (said := self.clerk.rule(part.path, part.value, around))
            ):
                yield self._clause(said)

    def _blocks(self, blocks: Iterable[Section]) -> Iterator[Markup]:
        heading = ""
        for block in blocks:
            if block.path != heading:
                yield Markup("<h3>{}</h3>").format(self.clerk.name(block.path))
            heading = block.path
            if block.entry is not None and self.clerk.called(block.entry):
                yield Markup("<h4>{}</h4>").format(self.clerk.called(block.entry))
            yield from self._parts(block)

    def _table(self, table: Table, around: Mapping[str, Any]) -> Iterator[Markup]:
        name = self.clerk.name(table.path)
        sentences = [self.clerk.entry(table.path, row) for row in table.rows]
        columns = [column for column in table.columns if f"{table.path}.{column}" not in OMITTED]
        if all(sentences):
            yield from (self._clause(str(said)) for said in sentences)
        elif columns == [NAME]:
            names = self.clerk.say(tuple(row[NAME] for row in table.rows), "text")
            yield self._clause(self.clerk.word("policy.document.list", name=name, names=names))
        else:
            yield self._clause(name + ("：" if self.clerk.lang == "zh" else ":"))
            yield self._grid(table, columns, around)

    def _grid(self, table: Table, columns: list[str], around: Mapping[str, Any]) -> Markup:
        heads = [self.clerk.column(f"{table.path}.{column}") for column in columns]
        kinds = ["n" if n and _is_number(cell) else "t" for n, (_, cell) in enumerate(heads)]
        rows = Markup("").join(
            Markup("<tr>{}</tr>").format(
                _cells(
                    "td",
                    kinds,
                    [
                        self.clerk.cell(cell, row[c], {**around, **row})
                        for c, (_, cell) in zip(columns, heads, strict=True)
                    ],
                )
            )
            for row in table.rows
        )
        head = _cells("th", kinds, [heading for heading, _ in heads])
        return Markup(
            '<div class="scroll" tabindex="0"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
        ).format(head, rows)

    def _clause(self, text: Any) -> Markup:
        self.clauses += 1
        return Markup('<p class="clause"><span class="no">{}.{}</span><span>{}</span></p>').format(
            self.number, self.clauses, text
        )


def _is_number(template: str) -> bool:
    return {spec for _, field, spec in catalogue.fields(template) if field} <= NUMBERS


def _cells(tag: str, kinds: Sequence[str], texts: Sequence[str]) -> Markup:
    scope = Markup(' scope="col"') if tag == "th" else ""
    return Markup("").join(
        Markup('<{0} class="{1}"{2}>{3}</{0}>').format(tag, kind, scope, text)
        for kind, text in zip(kinds, texts, strict=True)
    )
