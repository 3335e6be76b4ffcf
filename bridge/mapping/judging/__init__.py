"""What a change leads to: what is sent, taken back, held or parked, and what is remembered of it."""
