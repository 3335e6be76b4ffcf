"""What changes mean: the connector's rules, and the events they lead to."""
