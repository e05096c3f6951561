"""Reports of a period: every notebook in every language asked for, what is up to date left alone."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from salesops_lib.errors import RunError, SalesopsError
from salesops_lib.runs import approvals, customers, inputs, ledger, publish, statements, workers
from salesops_lib.runs.execute import Limits
from salesops_lib.runs.notebooks import checked, find, folder, is_of_customer, reads_statements, regular
from salesops_lib.runs.report import Result, Task, Watch, due
from salesops_lib.runs.units import CUSTOMER, Unit
from salesops_lib.runs.zygote import Zygote
from salesops_lib.workspace import LANGUAGES, load_policy


def run(
    root: Path | str,
    notebooks: Sequence[str] | None = None,
    *,
    period: str | Sequence[str] = "",
    by: str = "",
    lang: str = "",
    jobs: int = 2,
    parameters: Mapping[str, Any] | None = None,
    force: bool = False,
    approved: bool = False,
    limits: Limits | None = None,
    cluster: str = "",
    pdf: bool = False,
    watch: Watch | None = None,
) -> list[Result]:
    """Run notebooks for a period and publish their pages into `reports/` of the workspace.

    Parameters
    ----------
    root
        The workspace.
    notebooks
        Names such as `10_performance_review`, or bare numbers; None for all.
    period
        Label of the period, or several, which are run in that order; empty for the last
        complete month.
    by
        `region`, `team` or `rep`: one report for each, which holds that one's rows alone;
        `customer`: a page for each of the largest; empty for one report of the whole company.
    lang
        `en`, `zh` or `en,zh`; empty for the policy's language.
    jobs
        How many notebooks run at the same time.
    parameters
        Values of further parameters that the notebooks declare.
    force
        True makes reports anew whose inputs are those of the page that is published.
    approved
        True refuses a policy that is not the one approved last.
    limits
        Time for a cell and for a report, and attempts where a fault may pass.
    cluster
        Address of a Dask scheduler whose workers make the reports; they must see the workspace
        under the same path.  Empty: this machine.
    pdf
        True also prints each page to PDF; needs a Chromium.
    watch
        Called with a result when a report begins (its status is `begun`) and when it has ended.

    Returns
    -------
    list[Result]
        One a period, unit, notebook and language, in that order.  A report that fails does not stop
        the others and leaves its last good page as it was.

    Raises
    ------
    SalesopsError
        If nothing can be run: no data, a policy with faults, an unknown name or parameter,
        no right to write.
    """
    # the process that kernels are forked from imports while it is found out whether any is needed
    with contextlib.nullcontext() if cluster else workers.warm() as zygote:
        place = Path(root).resolve()
        chosen = find(place, notebooks) if notebooks else regular(place)
        if not chosen:
            raise RunError(f"There are no notebooks in {folder(place)}.")
        given = {notebook: checked(notebook, parameters or {}) for notebook in chosen}
        customers.refuse_others(chosen, by)
        labels = [period] if isinstance(period, str) else list(period)
        scoped_by = "" if by == CUSTOMER else by
        known = [inputs.read(place, label, lang, scoped_by) for label in labels]
        if approved:
            for sha256 in {one.policy_sha256 for one in known}:
                approvals.require(place, sha256)
        reports = _ready(place)
        tasks = [
            Task(
                notebook,
                one.languages,
                customers.parameters(given[notebook], unit),
                one,
                reports,
                limits or Limits(),
                unit,
                pdf,
            )
            for one in known
            for unit, notebook in _asked(one, given, by)
        ]
        return _run_all(tasks, jobs, cluster, force, watch or (lambda result: None), zygote)


def _asked(one: inputs.Inputs, given: Mapping[Path, Mapping[str, Any]], by: str) -> list[tuple[Unit, Path]]:
    """Units and the notebooks made for each: statements of people for those who are paid, a customer's page for that one."""
    paid = {notebook for notebook in given if by == "rep" and reads_statements(notebook)}
    payees = statements.units(one.root, one.period) if paid else ()
    of = {notebook: payees if notebook in paid else one.units for notebook in given}
    of |= {
        notebook: customers.units(one.root, one.period, told, by)
        for notebook, told in given.items()
        if is_of_customer(notebook)
    }
    every = dict.fromkeys(unit for units in of.values() for unit in units)
    return [(unit, notebook) for unit in every for notebook in given if unit in of[notebook]]


def _ready(place: Path) -> Path:
    """The folder of reports, with what interrupted runs left settled."""
    reports = publish.reports_folder(place)
    ledger.settle(reports)
    if mended := publish.mend(reports):
        logging.getLogger(__name__).warning(mended)
    return reports


def _run_all(
    tasks: list[Task], jobs: int, cluster: str, force: bool, watch: Watch, zygote: Zygote | None
) -> list[Result]:
    checked = [([], task) if force else due(task) for task in tasks]
    for result in (result for current, _ in checked for result in current):
        watch(result)
    left = [task for _, task in checked if task.languages]
    if left:
        present = left[0].inputs
        try:
            made = iter(
                workers.on_cluster(left, cluster, force, watch)
                if cluster
                else workers.here(left, jobs, force, watch, zygote, lambda: _begin_policy(present))
            )
        except KeyboardInterrupt:
            ledger.interrupt(left[0].reports)
            raise
        _tidy(left[0].reports, present)
    found = [current + (next(made) if task.languages else []) for current, task in checked]
    return [
        result
        for task, results in zip(tasks, found, strict=True)
        for result in sorted(results, key=lambda r: task.languages.index(r.lang))
    ]


def _tidy(reports: Path, present: inputs.Inputs) -> None:
    """Write the index and the policy, remove old runs; the reports themselves are published by now, or not."""
    try:
        _write_index(reports, present)
        ledger.forget_old(reports)
    except SalesopsError as refused:
        logging.getLogger(__name__).warning("The index page is not up to date. %s", refused)


def _write_index(reports: Path, present: inputs.Inputs) -> None:
    """One index a language, and `index.html`: in the only language there is, else in the policy's."""
    from salesops_lib import reporting

    def pages(entries: list[publish.Entry]) -> dict[str, str]:
        shown, at = _shown(reports, entries, present), ledger.now()
        made = {lang: reporting.render_index(shown, lang, at=at) for lang in LANGUAGES}
        spoken = {entry["lang"] for entry in entries}
        first = spoken.pop() if len(spoken) == 1 else present.language
        own = {publish.INDEX: made[first], **{publish.index_name(lang): made[lang] for lang in made}}
        return {**_policy_pages(present), **own}

    publish.publish_index(reports, pages)


def _begin_policy(present: inputs.Inputs) -> None:
    """Render the policy while nothing else can be done; why it cannot be is told when it is published."""
    with contextlib.suppress(SalesopsError):
        _policy_pages(present)


@lru_cache(maxsize=1)
def _policy_pages(present: inputs.Inputs) -> dict[str, str]:
    """The policy as people read it, in both languages, by file name."""
    from salesops_lib import reporting

    policy = load_policy(present.root)
    return {
        f"policy.{lang}.html": reporting.render_policy(policy, lang, index=publish.index_name(lang))
        for lang in LANGUAGES
    }


def _shown(reports: Path, entries: list[publish.Entry], present: inputs.Inputs) -> list[publish.Entry]:
    """What the index tells: what is published, how it stands, and what its last run came to."""
    cards = {}
    for entry in entries:
        is_whole = all((reports / name).is_file() for name in entry["files"])
        state, cause = ledger.standing(entry, present, is_whole=is_whole)
        named = {Path(name).suffix[1:]: name for name in entry["files"]}
        cards[publish.identity(entry)] = {**entry, **named, "state": state, "cause": cause}
    for identity, known in ledger.latest(reports).items():
        if known["state"] in ("FAILED", "ABORTED"):
            bare = {name: known[name] for name in ("report", "period", "unit", "lang")}
            told = {"state": "failed", "cause": known.get("cause", "")}
            cards[identity] = {**cards.get(identity, bare), **told}
    return list(cards.values())
