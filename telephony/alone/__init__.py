"""The phone on its own: a process group that answers webhooks and probes and draws no page.

Its threads are its own, so that slow pages keep no caller waiting. Everything else of the installation is as in
`agentversions.settings`, and management commands always run with those.
"""
