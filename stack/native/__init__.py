"""The servers as processes of our own, from Debian packages and jars."""
