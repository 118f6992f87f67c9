"""Parts of a dialog that topics share: choosing a station, PBX errors, command menus."""
