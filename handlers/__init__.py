"""Commands and buttons. Importing the package declares every command, button and hook."""

import handlers.access.access
import handlers.access.audit
import handlers.access.grant
import handlers.access.groups
import handlers.access.requests
import handlers.calls.calls
import handlers.calls.card
import handlers.calls.cdr
import handlers.calls.missed
import handlers.calls.recordings
import handlers.calls.stats
import handlers.dialog.choose_station
import handlers.employee_import.import_employees
import handlers.employee_import.recovery
import handlers.employees.add_employee
import handlers.employees.delete_employee
import handlers.employees.edit_employee
import handlers.employees.employees
import handlers.employees.export_employees
import handlers.help
import handlers.incidents.acknowledge
import handlers.incidents.drill
import handlers.incidents.history
import handlers.incidents.incidents
import handlers.incidents.watch_extensions
import handlers.incidents.why
import handlers.oncall.calendar_import
import handlers.oncall.hand_over
import handlers.oncall.oncall
import handlers.oncall.quiet_hours
import handlers.oncall.set_rotation
import handlers.oncall.swap
import handlers.safety.anonymous
import handlers.silences.maintenance
import handlers.silences.mute_from_alert
import handlers.silences.mutes
import handlers.stations.bind
import handlers.stations.stations
import handlers.stations.status
import handlers.stations.status_one
import handlers.trunks.add_trunk
import handlers.trunks.delete_trunk
import handlers.trunks.edit_trunk
import handlers.trunks.reregister
import handlers.trunks.restore_after_restart
import handlers.trunks.toggle_trunk
import handlers.trunks.trunks
from handlers.dispatch.declare import CATALOGUE
from handlers.dispatch.hooks import HOOKS

__all__ = ["CATALOGUE", "HOOKS"]
