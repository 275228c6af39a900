"""The product's commands: verify, backup, restore."""
