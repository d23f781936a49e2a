"""The docker driver: single-use containers, made ahead, through the Docker Engine API."""
