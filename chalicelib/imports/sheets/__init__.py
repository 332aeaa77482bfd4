"""One file per kind of sheet: its columns, how a row is checked, how all of them are applied."""

from chalicelib.imports.sheets.attendances import Attendances
from chalicelib.imports.sheets.employees import Employees
from chalicelib.imports.sheets.exceptions import Exceptions
from chalicelib.imports.sheets.forecasts import FORECAST, REQUIREMENT
from chalicelib.imports.sheets.rewards import Rewards
from chalicelib.imports.sheets.roster import Roster
from chalicelib.imports.sheets.schedules import Schedules
from chalicelib.imports.sheets.sheet import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (Employees(), Roster(), Schedules(), Attendances(), Exceptions(), Rewards(), FORECAST, REQUIREMENT)
}
"""Every kind of sheet that is understood, by the name that keys and routes use."""
