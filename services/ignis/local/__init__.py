"""The whole of Ignis on one machine, from wheels: what `make run` starts."""
