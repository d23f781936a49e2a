"""What the auth service counts."""

from ignis.server.metrics import Metrics


class AuthMetrics:
    """The room's own metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self.errors = metrics.errors
        self.checks = metrics.counter(
            "checks_total", "Answers to the gateway; the reason is empty when allowed.", "reason"
        )
        self.lookups = metrics.counter(
            "key_lookups_total", "API keys shown: malformed, unknown or found.", "result"
        )
        self.limited = metrics.counter(
            "limit_decisions_total", "Rate limit decisions, by where they were made.", "where"
        )
        self.redis = metrics.gauge(
            "limiter_redis", "1 while limits are shared in Redis, 0 while each replica has its own."
        )
        self.jwks_fetches = metrics.counter(
            "jwks_fetches_total", "Fetches of the issuer's keys.", "result"
        )
        self.uses_written = metrics.counter(
            "key_uses_written_total", "Batches of last_used_at.", "result"
        )
