from bot.text.table import TextTable


def test_a_table_fits_the_terminal_by_folding_its_widest_column() -> None:
    table = TextTable("Roles", "Role", "May")
    table.add_row("viewer", "calls.read incidents.read trunks.read")
    table.add_row("nobody", "")
    assert table.rendered(30).splitlines() == [
        "Roles",
        "Role    May",
        "------  ----------------------",
        "viewer  calls.read",
        "        incidents.read",
        "        trunks.read",
        "nobody",
    ]
    assert "viewer  calls.read incidents.read trunks.read\n" in table.rendered(80)
