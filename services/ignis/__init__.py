"""Ignis: a self-hosted API that runs code in many languages."""
