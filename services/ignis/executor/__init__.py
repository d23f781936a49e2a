"""The executor: pulls jobs, runs them in sandboxes, reports what happened."""
