"""What compile steps made, kept for jobs with the same inputs. `CachingSandbox` is the way in."""
