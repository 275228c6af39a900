"""The phone's stories: who rings, which version answers, and what is written down of it."""
