"""What stands around a running brand: what it shows, what it looks after, and one process for each brand."""
