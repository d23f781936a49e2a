"""The partitions of the jobs table: made ahead, dropped when they are old."""
