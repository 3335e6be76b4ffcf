"""The demo: two wallets that are played, a bridge that is killed, and sums that agree all the same."""
