"""The program inside every sandbox: takes one job, runs it, reports what happened."""
