"""What an operator relies on: probes, logs, backups, and what must always be true."""
