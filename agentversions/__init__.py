"""The product: voice agents, their drafts and versions, and which version is live."""
