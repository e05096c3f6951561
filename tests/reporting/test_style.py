"""Looks: nothing changes on import, everything on request."""

from __future__ import annotations

import matplotlib as mpl

from salesops_lib.reporting import style


def test_use_changes_settings_only_when_called():
    with mpl.rc_context():
        style.use()
        assert mpl.rcParams["svg.fonttype"] == "none"
        assert mpl.rcParams["text.color"] == style.ROLES["ink"]
        assert mpl.rcParams["font.family"][0] == style.LATIN
    assert mpl.rcParams["svg.hashsalt"] is None


def test_each_role_has_a_colour_of_its_own():
    assert len(style.ROLE_OF_COLOUR) == len(style.ROLES)
