"""The table of a scan: collected, ranked, its best deployed."""
