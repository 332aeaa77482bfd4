"""What people look at: static files from the package, nothing fetched from elsewhere."""
