"""The dashboard for Grafana and the alerts for Prometheus; that what they name exists is shown by
tests/end_to_end/operation/test_metrics.py."""

import re

import pytest

from tests.documents.promql import Used, dashboard, panels, queries, used


def test_the_dashboard_can_be_imported_into_any_grafana() -> None:
    board = dashboard()
    assert board["schemaVersion"] >= 39
    assert "id" not in board
    variables = {one["name"]: one for one in board["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["station"]["query"]["query"] == "label_values(mikopbx_bot_pbx_info, station)"
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    named = set(re.findall(r"\$\{?(\w+)", str(board["panels"])))
    assert named - variables.keys() == {"__rate_interval"}


@pytest.mark.parametrize("panel", panels(), ids=[panel["title"] for panel in panels()])
def test_every_panel_asks_the_chosen_source_and_says_what_it_shows(panel: dict[str, object]) -> None:
    assert panel["title"]
    assert str(panel["description"]).endswith(".")
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    targets = panel["targets"]
    assert isinstance(targets, list)
    assert targets
    for target in targets:
        assert target["expr"].strip()
        assert target["datasource"] == panel["datasource"]


def test_panels_do_not_cover_each_other() -> None:
    taken = set[tuple[int, int]]()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_names_of_metrics_and_labels_are_found_in_a_query() -> None:
    found = used('sum by (le) (rate(a_bucket{x=~"b{c}", y!="d"}[5m])) / on (z) (e > 0) or vector(0)', "{{w}}")
    assert found == Used({"a_bucket": frozenset({"x", "y"}), "e": frozenset()}, frozenset({"le", "z", "w"}))
    assert len(list(queries())) > 30
