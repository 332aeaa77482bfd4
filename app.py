"""Composition only: the routes, the upload event, the schedules and the plain functions."""

from chalice.app import Chalice

from chalicelib.core import http, log
from chalicelib.core.settings import settings
from chalicelib.routes import ALL

app = Chalice(app_name="opsdb", configure_logs=False)
log.configure(debug=settings().debug)
app.register_middleware(http.errors_in_our_words, "http")
for feature in ALL:
    app.register_blueprint(feature.blueprint, url_prefix="/api")
