"""Mail and robots, on servers of our own on the loopback."""

import email
import json
import re
import socketserver
import threading
from email import policy as email_policy
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from click.testing import CliRunner
from standin import CLOSE, SHOW, write_notebook

from salesops_lib import policy as policies
from salesops_lib import runs
from salesops_lib.cli import main
from salesops_lib.runs.deliver import deliver

CANARY = "s3cr3t-canary"


class MailSink(socketserver.StreamRequestHandler):
    """As much of SMTP as a sender needs."""

    def handle(self):
        self.wfile.write(b"220 sink\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (text := self.rfile.readline()) != b".\r\n":
                    lines.append(text.removeprefix(b"."))
                self.server.taken.append(b"".join(lines))
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")


class RobotSink(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *args):
        pass


@pytest.fixture
def serve():
    started = []

    def make(kind, handler):
        server = kind(("127.0.0.1", 0), handler)
        server.taken, server.status, server.answer = [], 200, b'{"errcode": 0}'
        threading.Thread(target=server.serve_forever, daemon=True).start()
        started.append(server)
        return server

    yield make
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.fixture
def mail(serve):
    return serve(socketserver.ThreadingTCPServer, MailSink)


@pytest.fixture
def chat(serve, monkeypatch):
    server = serve(HTTPServer, RobotSink)
    monkeypatch.setenv("OPS_ROBOT", f"http://127.0.0.1:{server.server_address[1]}/hook?key={CANARY}")
    return server


@pytest.fixture
def addressed(standin, mail, chat):
    """The stand-in workspace, whose directors hear of success by mail and whose operators of failures."""
    block = f"""
delivery:
  link: https://files.example.com/reports
  mail: {{host: 127.0.0.1, port: {mail.server_address[1]}, security: none, sender: reports@example.com}}
  recipients:
    - {{id: directors, mail: [a@example.com, b@example.com], lang: zh, reports: [10_first]}}
    - {{id: operators, webhook: OPS_ROBOT, kind: wecom, hears: failure}}
"""
    with (standin / "policy.yaml").open("a", encoding="utf-8") as file:
        file.write(block)
    return standin


def send(root, *options):
    return CliRunner().invoke(main, ["-w", str(root), "run", "--lang", "en,zh", "--send", *options])


def test_success_goes_to_some_and_failure_to_others(addressed, warm, mail, chat):
    write_notebook(addressed / "notebooks" / "20_second.ipynb", "raise ValueError('row of Zhang Wei')")
    result = send(addressed)
    assert result.exit_code == 3
    (taken,) = mail.taken
    letter = email.message_from_bytes(taken, policy=email_policy.default)
    assert letter["To"] == "a@example.com, b@example.com"
    assert letter["Subject"] == "First · 2026-03"
    text, page, book = letter.iter_parts()
    assert "Sales of 2026-03" in text.get_content()
    assert "https://files.example.com/reports/2026-03/10_first.zh.html" in text.get_content()
    published = addressed / "reports" / "2026-03"
    assert page.get_content().encode() == (published / "10_first.zh.html").read_bytes()
    assert book.get_filename() == "10_first.zh.xlsx"
    (told,) = chat.taken
    assert told["msgtype"] == "text"
    assert told["text"]["content"].startswith(
        "2 reports failed\n- 2026-03 20_second  (en) [error]: 20_second: cell"
    )
    assert CANARY not in result.output


def test_what_is_up_to_date_is_not_sent_again(addressed, warm, mail):
    assert send(addressed).exit_code == 0
    assert send(addressed).exit_code == 0
    assert len(mail.taken) == 1


def test_grade_d_and_stale_pages_are_not_sent(addressed, warm, mail):
    write_notebook(addressed / "notebooks" / "10_first.ipynb", SHOW, CLOSE.replace('"A"', '"D"'), close=False)
    result = send(addressed, "10")
    assert result.exit_code == 3
    assert "directors: 10_first: not sent: its data are of grade D" in result.stderr
    write_notebook(addressed / "notebooks" / "10_first.ipynb", SHOW)
    results = runs.run(addressed, ["10"], lang="zh")
    (addressed / "reports" / "2026-03" / "10_first.zh.html").write_text("changed")
    (sent,) = deliver(addressed, policies.load(addressed / "policy.yaml"), results)
    assert sent.problem == "not sent: the page is stale"
    assert mail.taken == []


@pytest.mark.parametrize(
    ("status", "answer", "words"), [(500, b"", "status 500"), (200, b'{"errcode": 93000}', "code 93000")]
)
def test_a_robot_that_refuses_is_told_without_its_secret(addressed, warm, chat, status, answer, words):
    chat.status, chat.answer = status, answer
    write_notebook(addressed / "notebooks" / "10_first.ipynb", "1/0")
    result = send(addressed, "10")
    assert result.exit_code == 3
    assert words in result.stderr
    assert CANARY not in result.output


def test_servers_that_are_not_there(addressed, warm, monkeypatch):
    text = (addressed / "policy.yaml").read_text("utf-8")
    (addressed / "policy.yaml").write_text(re.sub(r"port: \d+", "port: 9", text), "utf-8")
    monkeypatch.delenv("OPS_ROBOT")
    write_notebook(addressed / "notebooks" / "20_second.ipynb", "1/0")
    result = send(addressed)
    assert "mail was not taken by 127.0.0.1:9" in result.stderr
    assert "the environment variable OPS_ROBOT is not set" in result.stderr


def test_large_attachments_are_left_out_and_said_so(addressed, warm, mail):
    with (addressed / "policy.yaml").open("a", encoding="utf-8") as file:
        file.write("  attach_mb: 0.0001\n")
    send(addressed, "10")
    letter = email.message_from_bytes(mail.taken[0], policy=email_policy.default)
    assert "未附上" in letter.get_content()


def test_recipients_of_a_unit_get_that_unit_alone(addressed, warm, mail):
    results = runs.run(addressed, ["10"], lang="zh")
    policy = policies.load(addressed / "policy.yaml")
    own = policy.delivery.recipients[0].model_copy(update={"unit": "North"})
    changed = policy.delivery.model_copy(update={"recipients": (own,)})
    assert deliver(addressed, policy.model_copy(update={"delivery": changed}), results) == []
    assert mail.taken == []


def test_sending_without_recipients_is_wrong_usage(standin, warm):
    result = send(standin, "10")
    assert result.exit_code == 2
    assert "names no recipients" in result.stderr


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("recipients: [{id: a}]", "mail or webhook"),
        ("recipients: [{id: a, mail: [a@b.c]}]", "needs the block mail"),
        ("recipients: [{id: a, webhook: 'https://x/y?key=1'}]", "webhook"),
        ("mail: {host: h, sender: a@b.c, password: hunter2}", "password"),
        ("link: 'javascript:x'", "link"),
    ],
)
def test_faults_of_the_block_are_named(standin, block, words):
    with (standin / "policy.yaml").open("a", encoding="utf-8") as file:
        file.write(f"delivery:\n  {block}\n")
    (fault, *_) = policies.faults(standin / "policy.yaml")
    assert words in str(fault)
