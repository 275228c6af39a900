"""The phone: a ring becomes a call on the version that is live."""
