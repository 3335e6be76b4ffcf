"""What `check` says beyond the form of a connector: what it had better not say, and what only servers can tell."""
