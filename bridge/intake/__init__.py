"""Taking in, for one brand: poll, decode, put in order, map, write; and hand the events to the sender."""
