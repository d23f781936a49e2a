"""Control groups, v1 and v2: found, made per step, and removed."""
