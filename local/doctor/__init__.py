"""Is this laptop's floor well? Each check looks at one thing and says what to do where it is not as it should be."""
