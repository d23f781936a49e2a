"""The namespace driver: a fork server, and a fresh set of namespaces per job."""
