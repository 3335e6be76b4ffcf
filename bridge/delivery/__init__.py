"""Sending out: the outbox, in its order, to the broker, until each event is routed and confirmed."""
