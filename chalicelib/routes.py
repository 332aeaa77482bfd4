"""Every feature's routes, in the order in which the documentation shows them."""

from chalicelib.admin.routes import routes as service
from chalicelib.core.http import Routes
from chalicelib.imports.routes import routes as uploads
from chalicelib.people.routes import routes as employees
from chalicelib.schedules.routes import routes as schedules

ALL: tuple[Routes, ...] = (service, employees, schedules, uploads)
