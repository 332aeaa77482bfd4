"""The PostgreSQL client that backup functions get as a Lambda layer: fetched, laid out, checked, tried."""
