"""What can be seen of a bridge from outside: logs, metrics, health."""
