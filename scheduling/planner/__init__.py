"""The planner: pure Python over frozen snapshots. It knows no Django and does no I/O."""
