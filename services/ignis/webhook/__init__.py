"""Webhooks: endpoints, and what has to be sent to them."""
