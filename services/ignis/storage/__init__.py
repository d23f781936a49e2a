"""PostgreSQL and Redis: connections, migrations, and their errors."""
