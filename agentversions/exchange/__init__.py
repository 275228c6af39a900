"""Agents as files: a version to download, and what a file from elsewhere holds for a new agent.

It knows configurations, and neither phones nor pages. Nothing here writes.
"""

from agentversions.exchange.ours import download, filename

__all__ = ["download", "filename"]
