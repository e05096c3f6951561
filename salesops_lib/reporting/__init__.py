"""Reports: frames in, pages and workbooks out.  Draws and words; measures nothing."""

from salesops_lib.reporting.index import render_index
from salesops_lib.reporting.page import Page
from salesops_lib.reporting.pdf import pdf
from salesops_lib.reporting.policy_changes import tell_changes
from salesops_lib.reporting.policy_document import render_policy
from salesops_lib.reporting.template import render
from salesops_lib.reporting.terminal import told
from salesops_lib.reporting.voice import Voice
from salesops_lib.reporting.workbook import write as write_workbook

__all__ = [
    "Page",
    "Voice",
    "pdf",
    "render",
    "render_index",
    "render_policy",
    "tell_changes",
    "told",
    "write_workbook",
]
