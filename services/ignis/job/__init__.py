"""The job service: accepts, stores, queues and tracks jobs."""
