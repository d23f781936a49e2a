"""The auth service: API keys, sessions, scopes and rate limits."""
