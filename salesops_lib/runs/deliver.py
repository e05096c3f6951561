"""Reports sent by mail and to robots of group chats, failures to other people than successes.

A page is sent once, by the run that published it, and only while its data and policy are those
of the workspace and its data grade is better than D.  Passwords and addresses of robots are
read from the environment and never written anywhere.
"""

from __future__ import annotations

import json
import os
import smtplib
import ssl
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit

from salesops_lib.errors import RunError
from salesops_lib.reporting.privacy import masked, unit_shown
from salesops_lib.runs import publish
from salesops_lib.runs.units import CUSTOMER

if TYPE_CHECKING:
    from salesops_lib.policy import Policy
    from salesops_lib.policy.delivery import Mail, Recipient
    from salesops_lib.runs.report import Result

SECONDS = 20
_TYPES = {
    ".pdf": ("application", "pdf"),
    ".html": ("text", "html"),
    ".xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


@dataclass(frozen=True)
class Sent:
    """What one recipient was sent, or why not; `problem` is empty where it went."""

    recipient: str
    report: str
    problem: str = ""


def deliver(root: Path, policy: Policy, results: Sequence[Result]) -> list[Sent]:
    """Tell the policy's recipients of `results`.

    Published reports go to those who hear of success, in their language and for their unit;
    failures, all in one message, to those who hear of failure.  One that cannot be reached does
    not keep the others from hearing.
    """
    settings, told = policy.delivery, []
    entries = {publish.identity(entry): entry for entry in publish.manifest(root / "reports")}
    failed = [result for result in results if result.status == "failed"]
    for recipient in settings.recipients:
        if recipient.hears == "failure":
            if failed:
                told.append(_send(root, policy, recipient, "failures", _failures(failed, recipient.lang), []))
            continue
        for result in results:
            if result.status == "published" and _is_for(recipient, result):
                entry = entries[result.period, result.notebook, result.unit, result.lang]
                told.append(_send_report(root, policy, recipient, entry))
    return told


def _is_for(recipient: Recipient, result: Result) -> bool:
    """Whether somebody hears of a result; pages of customers hold what the company knows, and go to those who name the report."""
    is_customer = result.by == CUSTOMER
    wanted = result.notebook in recipient.reports or not (recipient.reports or is_customer)
    unit = "" if is_customer else result.unit
    return wanted and (result.lang, unit) == (recipient.lang, recipient.unit)


def _send_report(root: Path, policy: Policy, recipient: Recipient, entry: publish.Entry) -> Sent:
    if entry["grade"] == "D":
        return Sent(recipient.id, entry["report"], "not sent: its data are of grade D")
    if entry["policy"]["sha256"] != policy.sha256 or not publish.is_intact(root / "reports", entry):
        return Sent(recipient.id, entry["report"], "not sent: the page is stale")
    names = sorted(entry["files"])
    text = _Text(_subject(entry), _body(entry, policy.delivery.link, names))
    return _send(root, policy, recipient, entry["report"], text, names)


@dataclass(frozen=True)
class _Text:
    subject: str
    body: str


def _subject(entry: publish.Entry) -> str:
    unit = f" · {unit_shown(entry['unit'], entry.get('by', ''))}" if entry.get("unit") else ""
    return f"{entry['title'] or entry['report']} · {entry['period']}{unit}"


def _body(entry: publish.Entry, link: str, names: Iterable[str]) -> str:
    page = next(name for name in names if name.endswith(".html"))
    address = f"{link.rstrip('/')}/{quote(page)}" if link else ""
    is_zh = entry["lang"] == "zh"
    facts = f"数据截至 {entry['as_of']}，数据等级 {entry['grade']}" if is_zh else (
        f"Data as of {entry['as_of']}, grade {entry['grade']}"
    )  # fmt: skip
    return "\n\n".join(part for part in (entry["headline"], facts, address) if part)


def _failures(failed: list[Result], lang: str) -> _Text:
    lines = [
        f"- {result.period} {result.notebook} {unit_shown(result.unit)} ({result.lang}) [{result.cause}]: {_first(result.message)}"
        for result in failed
    ]
    n = len(failed)
    subject = f"{n}份报告失败" if lang == "zh" else f"{n} report{'s' if n > 1 else ''} failed"
    return _Text(subject, "\n".join(lines))


def _first(message: str) -> str:
    """The first line; the rest may quote rows, and stays in the run's folder."""
    return masked(message.splitlines()[0][:300]) if message else ""


def _send(
    root: Path, policy: Policy, recipient: Recipient, report: str, text: _Text, names: list[str]
) -> Sent:
    try:
        if recipient.webhook:
            _post(_secret(recipient.webhook, recipient.id), robot(recipient.kind, text.subject, text.body))
        else:
            assert policy.delivery.mail is not None
            most = int(policy.delivery.attach_mb * 1e6)
            message = letter(
                policy.delivery.mail, recipient, text.subject, text.body, root / "reports", names, most
            )
            _hand_over(policy.delivery.mail, message)
    except RunError as problem:
        return Sent(recipient.id, report, str(problem))
    return Sent(recipient.id, report)


def _secret(name: str, needed_for: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise RunError(f"delivery to {needed_for}: the environment variable {name} is not set.")
    return value


def letter(
    mail: Mail, recipient: Recipient, subject: str, body: str, reports: Path, names: Sequence[str], most: int
) -> EmailMessage:
    """The mail: plain text, page and workbook attached up to `most` bytes in all."""
    message = EmailMessage()
    message["Subject"] = " ".join(subject.split())
    message["From"], message["To"] = mail.sender, ", ".join(recipient.mail)
    contents = {name: (reports / name).read_bytes() for name in names}
    if sum(map(len, contents.values())) > most:
        left = f"附件超过 {most / 1e6:g} MB，未附上。" if recipient.lang == "zh" else (
            f"The attachments are above {most / 1e6:g} MB and were left out."
        )  # fmt: skip
        body, contents = f"{body}\n\n{left}", {}
    message.set_content(body)
    for name, content in contents.items():
        main, sub = _TYPES[Path(name).suffix]
        charset = {"charset": "utf-8"} if main == "text" else None
        message.add_attachment(content, maintype=main, subtype=sub, filename=Path(name).name, params=charset)
    return message


def _hand_over(mail: Mail, message: EmailMessage) -> None:
    context = ssl.create_default_context()
    try:
        if mail.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=SECONDS, context=context)
        else:
            server = smtplib.SMTP(mail.host, mail.port, timeout=SECONDS)
        with server:
            if mail.security == "starttls":
                server.starttls(context=context)
            if mail.user and mail.password:
                server.login(mail.user, _secret(mail.password, mail.host))
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as problem:
        kind = type(problem).__name__
        raise RunError(
            f"mail was not taken by {mail.host}:{mail.port} ({kind}). Check delivery.mail in policy.yaml."
        ) from None


def robot(kind: str, subject: str, body: str) -> dict[str, Any]:
    """The message in the form that the robot of a chat takes.

    >>> robot("slack", "Review · 2026-03", "Bookings are up")
    {'text': 'Review · 2026-03\\nBookings are up'}
    """
    text = f"{subject}\n{body}"
    forms: dict[str, dict[str, Any]] = {
        "wecom": {"msgtype": "text", "text": {"content": text}},
        "dingtalk": {"msgtype": "text", "text": {"content": text}},
        "feishu": {"msg_type": "text", "content": {"text": text}},
        "slack": {"text": text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")},
    }
    return forms[kind]


def _post(address: str, body: dict[str, Any]) -> None:
    """Post JSON; an address or an answer is never repeated in a message, as both may hold a token."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RunError("the robot's address is not an http(s) address. Check the environment variable.")
    request = urllib.request.Request(
        address, json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8"}
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            said = answer.read(10_000)
    except HTTPError as problem:
        raise RunError(f"{parts.hostname} refused the message (status {problem.code}).") from None
    except (URLError, OSError):
        raise RunError(f"{parts.hostname} could not be reached.") from None
    if code := _refusal(said):
        raise RunError(f"{parts.hostname} took the message and refused it (code {code}).")


def _refusal(said: bytes) -> int:
    """Code of a refusal that some robots answer with status 200."""
    try:
        told = json.loads(said)
    except ValueError:
        return 0
    codes = [told.get(name) for name in ("errcode", "code", "StatusCode")] if isinstance(told, dict) else []
    return next((code for code in codes if isinstance(code, int) and code), 0)
